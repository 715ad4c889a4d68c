package migration_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	osexec "os/exec"
	"strings"
	"testing"
	"time"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/logtest"
	"commitment/internal/migration"
	"commitment/internal/migration/catalog"
	"commitment/internal/pgtest"
)

// applyTo, in the environment, makes this program apply lengthy to that URL and end.
const applyTo = "MIGRATION_TEST_APPLY"

func TestMain(m *testing.M) {
	var err error
	switch {
	case os.Getenv(applyTo) != "":
		err = applyLengthy(os.Getenv(applyTo))
	case os.Getenv(revertOf) != "":
		err = revertLast(os.Getenv(revertOf))
	default:
		m.Run()
	}
	if err != nil {
		panic(err)
	}
}

func applyLengthy(url string) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	dir := &migrate.MemDir{}
	if err := dir.CopyFiles(lengthy()); err != nil {
		return err
	}
	_, err = migration.Apply(context.Background(), db, dir, migration.ApplyOptions{})
	return err
}

// lengthy are files of both modes with statements of every class.
func lengthy() []migrate.File {
	const none = "-- atlas:txmode none\n\n"
	var list []migrate.File
	for i, content := range []string{
		"CREATE TABLE a (id int, n int, t text);\nINSERT INTO a SELECT i, i % 1000, md5(i::text) FROM generate_series(1, 40000) i;\n",
		none + "CREATE INDEX CONCURRENTLY a_n ON a (n DESC, lower(t)) WHERE n > 5;\nCREATE UNIQUE INDEX CONCURRENTLY a_id ON a (id);\n",
		none + "ALTER TABLE a ADD COLUMN m int;\nUPDATE a SET m = n WHERE id < 5000;\nCREATE TABLE b (id int);\nINSERT INTO b SELECT id FROM a LIMIT 1000;\n",
		"ALTER TABLE a ADD CONSTRAINT m_small CHECK (m < 2000) NOT VALID;\n",
		"ALTER TABLE a VALIDATE CONSTRAINT m_small;\n",
		none + "CREATE INDEX CONCURRENTLY a_t ON a (t);\nDROP INDEX CONCURRENTLY a_n;\n",
		"CREATE VIEW v AS SELECT id FROM a;\n",
		none + "CREATE INDEX CONCURRENTLY b_id ON b (id);\n",
	} {
		list = append(list, migrate.NewLocalFile(fmt.Sprintf("%d_step.sql", i+1), []byte(content)))
	}
	return list
}

func applying(t *testing.T, url string) (*osexec.Cmd, *bytes.Buffer) {
	t.Helper()
	return start(t, applyTo, url)
}

// start runs this program with a variable of the environment set.
func start(t *testing.T, variable, url string) (*osexec.Cmd, *bytes.Buffer) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := osexec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), variable+"="+url)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, &out
}

// state is what a run leaves, but for times.
type state struct {
	Revisions, Rows []string
	Objects         []catalog.Object
}

func stateOf(t *testing.T, db *sql.DB) state {
	t.Helper()
	schema, err := catalog.Read(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return state{
		Revisions: queryStrings(t, db, `SELECT concat_ws('|', version, description, type, applied, total, coalesce(error, 'null'),
			coalesce(error_stmt, 'null'), hash, partial_hashes, operator_version) FROM atlas_schema_revisions ORDER BY version`),
		Rows:    queryStrings(t, db, `SELECT concat_ws(' ', (SELECT count(*) FROM a), (SELECT count(m) FROM a), (SELECT count(*) FROM b))`),
		Objects: schema.Objects(),
	}
}

func TestApplyKilled(t *testing.T) {
	t.Parallel()
	url := pgtest.EmptyURL(t)
	began := time.Now()
	undisturbed, out := applying(t, url)
	if err := undisturbed.Wait(); err != nil {
		t.Fatalf("apply: %v\n%s", err, out)
	}
	took := time.Since(began)
	want := stateOf(t, pgtest.Open(t, url))
	dir := &migrate.MemDir{}
	if err := dir.CopyFiles(lengthy()); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		t.Run(fmt.Sprintf("finishes in the run after kill %d", i+1), func(t *testing.T) {
			url, moment := killed(t, took)
			db := pgtest.Open(t, url)
			revs := apply(t, db, dir)
			t.Logf("killed after %s of %s, %d files were left", moment, took, len(revs))
			if diff := cmp.Diff(want, stateOf(t, db)); diff != "" {
				t.Errorf("state (-undisturbed +killed after %s):\n%s", moment, diff)
			}
		})
	}
}

// killed returns a database on which the program was killed at a random moment.
// A run that ended before its moment came is none.
func killed(t *testing.T, took time.Duration) (url string, moment time.Duration) {
	t.Helper()
	for {
		url, moment = pgtest.EmptyURL(t), rand.N(took)
		cmd, _ := applying(t, url)
		time.AfterFunc(moment, func() { _ = cmd.Process.Kill() }) // it may have ended by itself
		if err := cmd.Wait(); err != nil {
			return url, moment
		}
	}
}

func TestApplyKilledWhileTheServerGoesOn(t *testing.T) {
	t.Parallel()
	url := pgtest.EmptyURL(t)
	db := pgtest.Open(t, url)
	dir := &migrate.MemDir{}
	if err := dir.CopyFiles(lengthy()); err != nil {
		t.Fatal(err)
	}
	apply(t, db, files(t, "1_step.sql", string(lengthy()[0].Bytes())))
	reader, err := db.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.ExecContext(t.Context(), "SELECT FROM a LIMIT 1"); err != nil {
		t.Fatal(err)
	}
	cmd, _ := applying(t, url)
	eventually(t, db, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
		AND query LIKE 'CREATE INDEX CONCURRENTLY a_n%' AND wait_event_type = 'Lock')`)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	var log logtest.Buffer
	done := make(chan error, 1)
	go func() {
		_, err := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{Log: slog.New(slog.NewTextHandler(&log, nil))})
		done <- err
	}()
	log.WaitFor(t, "waiting for another instance")
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "an earlier run did this") {
		t.Errorf("log = %s, want the index that was built without a record in it", log.String())
	}
}

// revertOf, in the environment, makes this program revert the last file of reversible on
// that URL and end.
const revertOf = "MIGRATION_TEST_REVERT"

// reversible are files, of which undoLast reverts the last.
func reversible() []migrate.File {
	return []migrate.File{
		migrate.NewLocalFile("1_a.sql", []byte("CREATE TABLE a (id int CONSTRAINT a_id PRIMARY KEY, n int NOT NULL CONSTRAINT small CHECK (n < 2000));\n"+
			"CREATE INDEX a_n ON a (n);\nINSERT INTO a SELECT i, i % 1000 FROM generate_series(1, 40000) i;\n")),
		migrate.NewLocalFile("2_b.sql", []byte("DROP INDEX a_n;\nALTER TABLE a DROP CONSTRAINT small, ALTER n DROP NOT NULL;\nALTER TABLE a RENAME n TO number;\n")),
	}
}

func undoLast(context.Context, catalog.Querier, []*migrate.Revision) ([]migration.Reverse, error) {
	return []migration.Reverse{{Version: "2", Outside: 5, Statements: []string{
		`CREATE INDEX CONCURRENTLY "a_n" ON a (number)`,
		`ALTER TABLE "a" ADD CONSTRAINT "small" CHECK (number < 2000) NOT VALID`,
		`ALTER TABLE "a" VALIDATE CONSTRAINT "small"`,
		`ALTER TABLE "a" ADD CONSTRAINT "a_n_required" CHECK (number IS NOT NULL) NOT VALID`,
		`ALTER TABLE "a" VALIDATE CONSTRAINT "a_n_required"`,
		`ALTER TABLE "a" RENAME COLUMN "number" TO "n"`,
		`ALTER TABLE "a" ALTER COLUMN "n" SET NOT NULL`,
		`ALTER TABLE "a" DROP CONSTRAINT "a_n_required"`,
	}}}, nil
}

func revertLast(url string) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	dir := &migrate.MemDir{}
	if err := dir.CopyFiles(reversible()); err != nil {
		return err
	}
	_, err = migration.Revert(context.Background(), db, dir, migration.ApplyOptions{}, undoLast)
	return err
}

func TestRevertKilled(t *testing.T) {
	t.Parallel()
	dir := &migrate.MemDir{}
	if err := dir.CopyFiles(reversible()); err != nil {
		t.Fatal(err)
	}
	reverting := func() (*sql.DB, *osexec.Cmd) {
		url := pgtest.EmptyURL(t)
		db := pgtest.Open(t, url)
		apply(t, db, dir)
		cmd, _ := start(t, revertOf, url)
		return db, cmd
	}
	db, undisturbed := reverting()
	began := time.Now()
	if err := undisturbed.Wait(); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	want := objectsOf(t, db)
	for i := range 8 {
		t.Run(fmt.Sprintf("finishes in the run after kill %d", i+1), func(t *testing.T) {
			moment := rand.N(took)
			db, cmd := reverting()
			time.AfterFunc(moment, func() { _ = cmd.Process.Kill() }) // it may have ended by itself
			if err := cmd.Wait(); err != nil {
				if _, err := migration.Revert(t.Context(), db, dir, migration.ApplyOptions{}, undoIfApplied); err != nil {
					t.Fatalf("revert after a kill after %s: %v", moment, err)
				}
			}
			if diff := cmp.Diff(want, objectsOf(t, db)); diff != "" {
				t.Errorf("objects (-undisturbed +killed after %s):\n%s", moment, diff)
			}
		})
	}
}

// undoIfApplied finds nothing to do if the killed run had finished.
func undoIfApplied(ctx context.Context, db catalog.Querier, applied []*migrate.Revision) ([]migration.Reverse, error) {
	if len(applied) < 2 {
		return nil, nil
	}
	return undoLast(ctx, db, applied)
}

func objectsOf(t *testing.T, db *sql.DB) []catalog.Object {
	t.Helper()
	schema, err := catalog.Read(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return schema.Objects()
}
