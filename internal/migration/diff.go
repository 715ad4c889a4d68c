package migration

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"time"

	"ariga.io/atlas/sql/migrate"
	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/schema"

	entmigrate "commitment/ent/migrate"
)

// versionLayout is the time that Atlas makes a version of, in UTC.
const versionLayout = "20060102150405"

var nameRE = regexp.MustCompile(`^[a-z0-9_]+$`)

// DriftError says that the migrations don't lead to the entities' tables.
type DriftError struct {
	// SQL is what a new migration would have to do.
	SQL string
}

// Error shows the difference as SQL.
func (e *DriftError) Error() string {
	return "the migrations and the entities differ by:\n" + e.SQL
}

// Diff plans what the entities' tables have and the files of dir don't, writes
// it into dir as a new file together with atlas.sum, and returns the names of
// what it added: none when there is nothing to do. The name is made of a-z, 0-9
// and _.
//
// The files are replayed on dev, an empty database that is thrown away
// afterwards: only its tables are removed. Columns and indexes that the entities
// no longer have are dropped; a table that no entity has is left alone, as Ent
// does, and functions and triggers are not looked at.
func Diff(ctx context.Context, dev *sql.DB, dir *migrate.LocalDir, name string) ([]string, error) {
	return diff(ctx, dev, dir, name, entmigrate.Tables)
}

func diff(ctx context.Context, dev *sql.DB, dir migrate.Dir, name string, tables []*schema.Table) ([]string, error) {
	if !nameRE.MatchString(name) {
		return nil, fmt.Errorf("migration name %q has other characters than a-z, 0-9 and _", name)
	}
	files, err := plan(ctx, dev, dir, name, tables)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(files))
	for _, f := range files {
		names = append(names, f.Name())
	}
	return names, nil
}

// Check plans as [Diff] does, writes nothing, and returns a [DriftError] when
// there is something to do.
func Check(ctx context.Context, dev *sql.DB, dir migrate.Dir) error {
	return check(ctx, dev, dir, entmigrate.Tables)
}

func check(ctx context.Context, dev *sql.DB, dir migrate.Dir, tables []*schema.Table) error {
	if err := Validate(dir); err != nil {
		return err
	}
	files, err := dir.Files()
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	scratch := &migrate.MemDir{}
	if err := scratch.CopyFiles(files); err != nil {
		return fmt.Errorf("copy migrations: %w", err)
	}
	planned, err := plan(ctx, dev, scratch, "drift", tables)
	if err != nil {
		return err
	}
	var drift DriftError
	for _, f := range planned {
		drift.SQL += string(f.Bytes())
	}
	if drift.SQL == "" {
		return nil
	}
	return &drift
}

// plan writes the difference into dir and returns the files that it added. It
// works on one session, as [Apply] does, so that what a file SETs holds for the
// next.
func plan(ctx context.Context, dev *sql.DB, dir migrate.Dir, name string, tables []*schema.Table) ([]migrate.File, error) {
	if err := Validate(dir); err != nil {
		return nil, err
	}
	// Planning marks the tables, and the generated ones are everybody's.
	tables, err := schema.CopyTables(tables)
	if err != nil {
		return nil, fmt.Errorf("copy tables: %w", err)
	}
	conn, err := dev.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to dev database: %w", err)
	}
	defer discard(conn)
	f := &formatter{dir: dir}
	m, err := schema.NewMigrate(
		entsql.NewDriver(dialect.Postgres, entsql.Conn{ExecQuerier: conn}),
		schema.WithDir(dir),
		schema.WithFormatter(f), // the default is golang-migrate's
		schema.WithMigrationMode(schema.ModeReplay),
		schema.WithDropColumn(true),
		schema.WithDropIndex(true),
		schema.WithIndent("  "),
	)
	if err != nil {
		return nil, fmt.Errorf("prepare plan: %w", err)
	}
	if err := m.NamedDiff(ctx, name, tables...); err != nil {
		return nil, planError(dir, err)
	}
	return f.files, nil
}

func planError(dir migrate.Dir, err error) error {
	if dirty, ok := errors.AsType[*migrate.NotCleanError](err); ok {
		return fmt.Errorf("the dev database has to be empty: %s", dirty.Reason)
	}
	return fmt.Errorf("plan migration: %w", locate(dir, err))
}

// formatter names the files of a plan as Atlas does and remembers them.
type formatter struct {
	dir   migrate.Dir
	files []migrate.File
}

// Format implements [migrate.Formatter].
func (f *formatter) Format(p *migrate.Plan) ([]migrate.File, error) {
	present, err := f.dir.Files()
	if err != nil {
		return nil, err
	}
	newest := ""
	if len(present) > 0 {
		newest = present[len(present)-1].Version()
	}
	p.Version = nextVersion(newest, time.Now())
	f.files, err = migrate.DefaultFormatter.Format(p)
	return f.files, err
}

// nextVersion is the present, or one second after the newest version when the
// clock is behind it: a file that sorts before another would never be applied.
func nextVersion(newest string, now time.Time) string {
	now = now.UTC()
	if last, err := time.Parse(versionLayout, newest); err == nil && !now.Truncate(time.Second).After(last) {
		now = last.Add(time.Second)
	}
	return now.Format(versionLayout)
}
