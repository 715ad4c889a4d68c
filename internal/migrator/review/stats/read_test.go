package stats_test

import (
	"database/sql"
	"net/url"
	"strings"
	"testing"
	"time"

	"commitment/internal/migrator/review/stats"
	"commitment/internal/pgtest"
)

func exec(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func read(t *testing.T, db *sql.DB) stats.Snapshot {
	t.Helper()
	s, err := stats.Read(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func table(t *testing.T, s stats.Snapshot, name string) stats.Table {
	t.Helper()
	got, ok := s.Table(name)
	if !ok {
		t.Fatalf("there is no table %s in %+v", name, s.Tables)
	}
	return got
}

func TestRead(t *testing.T) {
	t.Parallel()

	t.Run("counts an analyzed table by what was analyzed, scaled to its size", func(t *testing.T) {
		t.Parallel()
		db := pgtest.Open(t, pgtest.EmptyURL(t))
		exec(t, db,
			`CREATE TABLE notes (id bigint PRIMARY KEY, body text)`,
			`CREATE INDEX ON notes (body)`,
			`ALTER TABLE notes SET (autovacuum_enabled = false)`,
			`INSERT INTO notes SELECT n, 'note ' || n FROM generate_series(1, 10000) n`,
			`ANALYZE notes`,
			`INSERT INTO notes SELECT n, 'note ' || n FROM generate_series(10001, 20000) n`,
		)
		got := table(t, read(t, db), "notes")
		if got.Rows < 19_000 || got.Rows > 21_000 {
			t.Errorf("rows = %d, want about 20000", got.Rows)
		}
		if got.Indexes != 2 {
			t.Errorf("indexes = %d, want 2", got.Indexes)
		}
		if got.Bytes < 800_000 || got.IndexBytes < 400_000 {
			t.Errorf("bytes = %d and %d of indexes, want those of 20000 rows", got.Bytes, got.IndexBytes)
		}
	})

	t.Run("guesses the rows of a table that was never analyzed", func(t *testing.T) {
		t.Parallel()
		db := pgtest.Open(t, pgtest.EmptyURL(t))
		exec(t, db,
			`CREATE TABLE notes (id bigint) WITH (autovacuum_enabled = false)`,
			`CREATE TABLE empty (id bigint)`,
			`INSERT INTO notes SELECT generate_series(1, 100000)`,
		)
		s := read(t, db)
		if got := table(t, s, "notes").Rows; got < 30_000 || got > 110_000 {
			t.Errorf("rows = %d, want an estimate for 100000", got)
		}
		if got := table(t, s, "empty"); got != (stats.Table{Name: "empty"}) {
			t.Errorf("an empty table is %+v", got)
		}
	})

	t.Run("sums partitions into their parent", func(t *testing.T) {
		t.Parallel()
		db := pgtest.Open(t, pgtest.EmptyURL(t))
		exec(t, db,
			`CREATE TABLE events (id bigint PRIMARY KEY) PARTITION BY RANGE (id)`,
			`CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (1000)`,
			`CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (1000) TO (2000) PARTITION BY RANGE (id)`,
			`CREATE TABLE events_2a PARTITION OF events_2 FOR VALUES FROM (1000) TO (2000)`,
			`INSERT INTO events SELECT generate_series(0, 1999)`,
			`ANALYZE events`,
		)
		s := read(t, db)
		if len(s.Tables) != 1 {
			t.Fatalf("tables = %+v, want the parent alone", s.Tables)
		}
		if got := s.Tables[0]; got.Name != "events" || got.Rows != 2000 || got.Indexes != 1 {
			t.Errorf("events = %+v, want 2000 rows and 1 index", got)
		}
	})
}

func TestReadOfALiveServer(t *testing.T) {
	t.Parallel()

	t.Run("divides the counters by the time since they were reset", func(t *testing.T) {
		t.Parallel()
		db := pgtest.Open(t, pgtest.EmptyURL(t))
		exec(t, db, `CREATE TABLE notes (id bigint)`, `SELECT pg_stat_reset()`)
		exec(t, db, `INSERT INTO notes SELECT generate_series(1, 50000)`, `SELECT count(*) FROM notes`)
		var got stats.Table
		// Sessions report what they counted at most once a second.
		for end := time.Now().Add(30 * time.Second); got.WritesPerSecond == 0 || got.ReadsPerSecond == 0; {
			if time.Now().After(end) {
				t.Fatalf("no rates in %+v", got)
			}
			exec(t, db, `SELECT pg_sleep(0.05)`)
			got = table(t, read(t, db), "notes")
		}
		if got.WritesPerSecond < 50_000.0/60 || got.WritesPerSecond > 50_000 {
			t.Errorf("writes per second = %g, want 50000 over the time since the reset", got.WritesPerSecond)
		}
	})

	t.Run("needs no right to read a row", func(t *testing.T) {
		t.Parallel()
		at := pgtest.OwnerURL(t)
		db := pgtest.Open(t, at)
		role := "reader_" + time.Now().UTC().Format("150405000000000")
		exec(t, db, `CREATE ROLE `+role+` LOGIN PASSWORD 'secret'`)
		t.Cleanup(func() {
			if _, err := pgtest.Open(t, at).Exec(`DROP ROLE ` + role); err != nil {
				t.Errorf("drop role: %v", err)
			}
		})
		u, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		u.User = url.UserPassword(role, "secret")
		reader := pgtest.Open(t, u.String())
		if _, err := reader.ExecContext(t.Context(), `SELECT * FROM idempotency_keys`); err == nil {
			t.Fatal("the role may read rows, so this shows nothing")
		}
		s := read(t, reader)
		table(t, s, "idempotency_keys")
		if _, there := s.Table("atlas_schema_revisions"); there {
			t.Error("the table of revisions is counted")
		}
		if s.Taken.IsZero() || s.Server == "" {
			t.Errorf("taken %v on %q", s.Taken, s.Server)
		}
	})

	t.Run("says what failed", func(t *testing.T) {
		t.Parallel()
		db := pgtest.Open(t, "postgres://localhost:1/none?connect_timeout=1")
		if _, err := stats.Read(t.Context(), db); err == nil {
			t.Error("Read = nil, want an error without a server")
		}
	})
}

// A name in capitals needs quotes, and the schema comes later than the first look.
func TestReadFindsTheSchema(t *testing.T) {
	t.Parallel()
	address, err := url.Parse(pgtest.EmptyURL(t))
	if err != nil {
		t.Fatal(err)
	}
	admin := pgtest.Open(t, address.String())
	query := address.Query()
	query.Set("search_path", `"App"`)
	address.RawQuery = query.Encode()
	db := pgtest.Open(t, address.String())
	if _, err := stats.Read(t.Context(), db); err == nil || !strings.Contains(err.Error(), "no schema") {
		t.Errorf("error = %v, want that there is no schema", err)
	}
	exec(t, admin, `CREATE SCHEMA "App"`, `CREATE TABLE "App".notes ()`)
	table(t, read(t, db), "notes")
}
