package migration

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/migration/catalog"
)

// insufficientPrivilege is the SQLSTATE of a missing permission.
const insufficientPrivilege = "42501"

// DriftError reports that something other than a migration changed the schema.
type DriftError struct {
	// Version is that of the newest migration.
	Version string
	// Changes lead from the schema after that migration to the present one.
	Changes []catalog.Change
}

// Error lists the changes, one on a line.
func (e *DriftError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the schema has drifted since migration %s:", e.Version)
	for _, c := range e.Changes {
		fmt.Fprintf(&b, "\n  %s", c)
	}
	return b.String()
}

// Drift compares the current schema of db with what its applied files make. It replays
// them on dev, an empty throwaway database on a server of the same major version, and
// leaves the result there. Of a file that was stopped halfway, the statements that were
// applied count. The changes lead from what the files make to what is, without the objects
// that match one of the patterns of [ApplyOptions.Exclude]. Privileges that db has beyond
// those that the files grant are no changes: administrators give them.
func Drift(ctx context.Context, db, dev *sql.DB, dir migrate.Dir, exclude []string) ([]catalog.Change, error) {
	revs, err := readCurrent(ctx, db)
	if err != nil {
		return nil, err
	}
	applied, err := appliedParts(dir, revs)
	if err != nil {
		return nil, err
	}
	return compareReplayed(ctx, db, dev, applied, exclude)
}

// compareReplayed replays parts of files on dev, and compares the current schema of db
// with what they make, as [Drift] says.
func compareReplayed(ctx context.Context, db, dev *sql.DB, parts []part, exclude []string) ([]catalog.Change, error) {
	if err := replayParts(ctx, dev, parts); err != nil {
		return nil, err
	}
	want, err := readCanonical(ctx, dev)
	if err != nil {
		return nil, fmt.Errorf("read the replayed schema: %w", err)
	}
	have, err := readCanonical(ctx, db)
	if err != nil {
		return nil, err
	}
	changes := append(catalog.CompareObjects(want.objects, have.objects), lostPrivileges(want, have)...)
	return Without(withoutExtensions(withoutPartitions(changes)), have.schema, exclude), nil
}

// toolTables match the tables in which other tools record what they have applied:
// golang-migrate and dbmate, goose, and Flyway.
var toolTables = []string{"schema_migrations", "goose_db_version*", "flyway_schema_history*"}

// Without leaves out changes of objects that match one of the patterns of
// [ApplyOptions.Exclude], and of tables' parts with them, and the records of other tools.
func Without(changes []catalog.Change, schema string, patterns []string) []catalog.Change {
	patterns = slices.Concat(patterns, toolTables)
	return slices.DeleteFunc(changes, func(c catalog.Change) bool {
		return c.Table != "" && excluded(schema, c.Table, patterns) ||
			excluded(schema, strings.TrimPrefix(c.Table+"."+c.Name, "."), patterns)
	})
}

func excluded(schema, name string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		short, err := path.Match(pattern, name)
		long, _ := path.Match(pattern, schema+"."+name)
		return err == nil && (short || long)
	})
}

// withoutExtensions leaves out extensions that were added: they are a matter of the
// server, and what they made doesn't count anyway.
func withoutExtensions(changes []catalog.Change) []catalog.Change {
	return slices.DeleteFunc(changes, func(c catalog.Change) bool { return c.Kind == catalog.KindExtension && c.Before == "" })
}

// contents are what a schema has that can drift.
type contents struct {
	schema     string
	objects    []catalog.Object // with comments and rules, but without the schema's own comment
	privileges []catalog.Object
	owners     []string // roles that own some of it
}

// described are the kinds of properties that are compared as objects are.
var described = []catalog.Kind{catalog.KindRule, catalog.KindComment}

// readContents reads those of the properties, and others that are asked for.
func readContents(ctx context.Context, db catalog.Querier, more ...catalog.Kind) (c contents, err error) {
	schema, err := catalog.Read(ctx, db)
	if err != nil {
		return c, err
	}
	properties, err := catalog.ReadProperties(ctx, db, slices.Concat(described, more)...)
	if err != nil {
		return c, err
	}
	c.schema = schema.Name
	ofSchema := func(o catalog.Object) bool { return strings.HasPrefix(o.Name, "SCHEMA ") }
	c.objects = append(schema.Objects(), slices.DeleteFunc(catalog.PropertyObjects(properties, described...), ofSchema)...)
	c.privileges = catalog.PropertyObjects(properties, catalog.KindPrivilege)
	return c, nil
}

// readCanonical reads the current schema at one moment, in canonical form.
func readCanonical(ctx context.Context, db *sql.DB) (c contents, err error) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return c, err
	}
	defer func() { _ = tx.Rollback() }() // it only reads
	if _, err := tx.ExecContext(ctx, canonical); err != nil {
		return c, err
	}
	if c, err = readContents(ctx, tx, catalog.KindPrivilege); err != nil {
		return c, err
	}
	var owners string
	err = tx.QueryRowContext(ctx, `SELECT coalesce(string_agg(DISTINCT quote_ident(pg_get_userbyid(relowner)), chr(1)), '')
		FROM pg_class WHERE relnamespace = to_regnamespace(quote_ident(current_schema()))`).Scan(&owners)
	c.owners = strings.Split(owners, "\x01")
	return c, err
}

// lostPrivileges are those that the files grant and that are missing, apart from those of
// owners, who need none, those on the schema itself, and those that PUBLIC has without a
// GRANT.
func lostPrivileges(want, have contents) []catalog.Change {
	return slices.DeleteFunc(catalog.CompareObjects(want.privileges, have.privileges), func(c catalog.Change) bool {
		byDefault := strings.HasSuffix(c.Name, " TO PUBLIC") && !strings.Contains(c.Name, " ON TABLE ") && !strings.Contains(c.Name, " ON SEQUENCE ")
		_, role, _ := strings.Cut(c.Name, " TO ")
		return c.After != "" || byDefault || strings.Contains(c.Name, " ON SCHEMA ") || slices.Contains(have.owners, role)
	})
}

// appliedParts are the files that were applied, and those older than the first
// revision, which the database had before.
func appliedParts(dir migrate.Dir, revs []*migrate.Revision) ([]part, error) {
	all, err := dir.Files()
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	byVersion := map[string]*migrate.Revision{}
	for _, rev := range revs {
		byVersion[rev.Version] = rev
	}
	var parts []part
	for _, f := range migrate.SkipCheckpointFiles(all) {
		switch rev, ok := byVersion[f.Version()]; {
		case ok && rev.Applied < rev.Total:
			parts = append(parts, part{File: f, statements: rev.Applied})
		case ok || len(revs) > 0 && f.Version() < revs[0].Version:
			parts = append(parts, part{File: f, statements: everyStatement})
		}
	}
	return parts, nil
}

// checkDrift compares the schema with the snapshot of the newest revision.
func checkDrift(ctx context.Context, snaps snapshots, revs []*migrate.Revision, o ApplyOptions) error {
	if len(revs) == 0 {
		return nil
	}
	newest := revs[len(revs)-1].Version
	changes, reason, err := snaps.changesSince(ctx, revs)
	changes = Without(changes, snaps.schema, o.Exclude)
	switch {
	case err != nil:
		return fmt.Errorf("look for drift: %w", err)
	case reason != "":
		o.Log.InfoContext(ctx, "skipping the check for drift", "reason", reason)
		return nil
	case len(changes) == 0:
		return nil
	}
	drift := &DriftError{Version: newest, Changes: changes}
	if !o.AllowDrift {
		return drift
	}
	o.Log.WarnContext(ctx, "applying although the schema has drifted", "drift", drift)
	return nil
}

// changesSince compares the schema with the snapshot taken after these revisions, or
// gives the reason why it can't.
func (s snapshots) changesSince(ctx context.Context, revs []*migrate.Revision) (changes []catalog.Change, reason string, err error) {
	kept, err := s.read(ctx)
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.Code == insufficientPrivilege {
		return nil, "no permission to read the snapshot", nil
	}
	if err != nil {
		return nil, "", err
	}
	if kept == nil {
		return nil, "there is no snapshot", nil
	}
	if newest := revs[len(revs)-1].Version; kept.version != newest {
		return nil, fmt.Sprintf("the snapshot is of migration %s, but the newest is %s", kept.version, newest), nil
	}
	now, err := s.take(ctx)
	if err != nil {
		return nil, "", err
	}
	if kept.server != now.server || kept.format != now.format {
		return nil, "the snapshot was taken by another version of PostgreSQL or of this program", nil
	}
	if kept.Statements != countApplied(revs) {
		return nil, "a migration was applied after the snapshot was taken", nil
	}
	if kept.Origin != now.Origin {
		return nil, "the snapshot was taken in the database that this one is a copy of", nil
	}
	return withoutExtensions(withoutPartitions(catalog.CompareObjects(kept.Objects, now.Objects))), "", nil
}

// isPartition matches the definition of a partition.
var isPartition = regexp.MustCompile(`^TABLE (UNLOGGED )?PARTITION OF `)

// withoutPartitions leaves out partitions that were created or dropped, with all that
// belongs to them: jobs create and drop them as rows come and age.
func withoutPartitions(changes []catalog.Change) []catalog.Change {
	moved := map[string]bool{}
	for _, c := range changes {
		if c.Kind == catalog.KindTable && (c.Before == "" || c.After == "") && isPartition.MatchString(c.Before+c.After) {
			moved[c.Name] = true
		}
	}
	return slices.DeleteFunc(changes, func(c catalog.Change) bool {
		return moved[c.Table] || c.Kind == catalog.KindTable && moved[c.Name]
	})
}

// saveSnapshot goes on if the snapshot can't be saved: then the next migration isn't
// preceded by a check for drift.
func (r *runner) saveSnapshot(ctx context.Context) {
	revs, err := r.revisions.ReadRevisions(ctx)
	if err == nil && len(revs) > 0 {
		err = r.snapshots.save(ctx, revs)
	}
	if err != nil {
		r.options.Log.WarnContext(ctx, "can't save a snapshot of the schema: the next migration won't check for drift", "error", err)
	}
}
