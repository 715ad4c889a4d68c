package hazard_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/dev"
	"commitment/internal/migrator/review/rows"
	"commitment/internal/migrator/review/trace"
	"commitment/internal/pgserver"
	"commitment/internal/pgtest"
)

// versionsVariable names a folder with a folder for each PostgreSQL to test with,
// each with a bin.
const versionsVariable = "POSTGRES_VERSIONS"

// server is a PostgreSQL with databases that the tests take in turn: to empty one costs
// a fraction of what it costs to make one.
type server struct {
	*dev.Server
	version string
	main    bool // the one of all other tests
	idle    chan *dev.Database
}

// eachServer runs a test on the server of all tests, and on every other that the
// machine has.
func eachServer(t *testing.T, test func(t *testing.T, s server)) {
	t.Helper()
	open := func(t *testing.T, url string, main bool) {
		t.Helper()
		s := openServer(t, url)
		s.main = main
		t.Run("on PostgreSQL "+s.version, func(t *testing.T) { test(t, s) })
	}
	open(t, pgtest.ServerURL(t), true)
	if os.Getenv(versionsVariable) == "" {
		return
	}
	dirs, err := filepath.Glob(filepath.Join(os.Getenv(versionsVariable), "*", "bin"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no PostgreSQL in %s: %v", versionsVariable, err)
	}
	for _, dir := range dirs {
		open(t, pgtest.StartServer(t, pgserver.Options{BinDir: dir}).URL("postgres"), false)
	}
}

func openServer(t *testing.T, url string) server {
	t.Helper()
	d, err := dev.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	version, err := d.Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := server{Server: d, version: version, idle: make(chan *dev.Database, 20)}
	t.Cleanup(func() {
		close(s.idle)
		for db := range s.idle {
			s.drop(t, db)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// empty drops what the last test made. Extensions and publications, which are in no
// schema, no test makes.
const empty = `DO $$ DECLARE s text; BEGIN
	FOR s IN SELECT quote_ident(nspname) FROM pg_namespace WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname NOT LIKE 'pg\_t%' LOOP
		EXECUTE 'DROP SCHEMA ' || s || ' CASCADE';
	END LOOP;
END $$;
CREATE SCHEMA public;
`

// database is one that has the base and a setup, which isn't to SET anything: its
// session may be the next test's.
func (s server) database(t *testing.T, setup string) *dev.Database {
	t.Helper()
	var db *dev.Database
	select {
	case db = <-s.idle:
	default:
		var err error
		if db, err = s.Database(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		select {
		case s.idle <- db:
		default:
			s.drop(t, db)
		}
	})
	exec(t, db, empty+base+setup)
	return db
}

// filled is such a database with rows.
func (s server) filled(t *testing.T, setup string, schema catalog.Schema) *dev.Database {
	t.Helper()
	db := s.database(t, setup)
	missing, err := rows.Fill(t.Context(), db.DB, schema, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range missing {
		if !strings.Contains(m.Reason, "partition") {
			t.Errorf("%s has no rows: %s", m.Table, m.Reason)
		}
	}
	return db
}

// runOnRows adds to traced statements what only rows show.
func runOnRows(t *testing.T, db *dev.Database, f migrate.File, stmts []trace.Statement) {
	t.Helper()
	if _, err := new(trace.Tracer).RunOnRows(t.Context(), db.DB, f, stmts); err != nil {
		t.Fatal(err)
	}
}

func (s server) drop(t *testing.T, db *dev.Database) {
	t.Helper()
	if err := db.Drop(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}

func exec(t *testing.T, db *dev.Database, query string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query); err != nil {
		t.Fatalf("%v: %s", err, query)
	}
}

// run traces files after one another.
func run(t *testing.T, db *dev.Database, files []migrate.File) [][]trace.Statement {
	t.Helper()
	all := make([][]trace.Statement, len(files))
	var tracer trace.Tracer
	for i, f := range files {
		var err error
		if all[i], err = tracer.Run(t.Context(), db.DB, schema(t, db), f); err != nil {
			t.Fatal(err)
		}
		if trace.Failure(all[i]) != nil {
			break
		}
	}
	return all
}

func schema(t *testing.T, db *dev.Database) catalog.Schema {
	t.Helper()
	s, err := catalog.Read(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
