package postgres_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/pgtest"
	"commitment/internal/postgres"
)

func TestOpenTakesWhatLibpqTakes(t *testing.T) {
	t.Parallel()
	given := pgtest.EmptyURL(t)
	at := address(t, given)
	// Only sslmode differs between the servers that tests are run on.
	rest := fmt.Sprintf("user=%s password='%s' dbname=%s sslmode=%s", at.User, at.Password, at.Database, sslmode(t, given))
	dead := pgtest.DeadPort(t)
	for name, dsn := range map[string]string{
		"a URL":            given,
		"a keyword string": fmt.Sprintf("host=%s port=%d %s", at.Host, at.Port, rest),
		"a mode of TLS":    pgtest.WithParams(t, given, map[string]string{"sslmode": "prefer"}),
		"several hosts, the first of them dead": fmt.Sprintf(
			"host=127.0.0.1,%s port=%d,%d target_session_attrs=read-write %s", at.Host, dead, at.Port, rest),
		"several hosts in a URL": pgtest.WithParams(t, given, map[string]string{
			"host": "127.0.0.1," + at.Host, "port": fmt.Sprintf("%d,%d", dead, at.Port), "target_session_attrs": "read-write",
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t, postgres.Options{URL: dsn})
			if got := pgtest.Value[string](t, db, "SELECT current_database()"); got != at.Database {
				t.Errorf("database = %q, want %q", got, at.Database)
			}
		})
	}
}

// row has a column of each kind that the entities use.
type row struct {
	Int   int64
	Text  string
	Bool  bool
	Bytes []byte
	Time  time.Time
	Null  *string
}

func TestEveryExecModeReturnsTheSameInUTC(t *testing.T) {
	t.Parallel()
	given := pgtest.EmptyURL(t)
	want := row{
		Int: 1 << 40, Text: "ä'\\", Bool: true, Bytes: []byte{0, 255},
		Time: time.Date(2026, time.July, 1, 23, 59, 59, 123456000, time.UTC),
	}
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			db := open(t, postgres.Options{URL: pgtest.WithParams(t, given, map[string]string{
				"default_query_exec_mode": mode, "timezone": "Asia/Kolkata",
			})})
			if zone := pgtest.Value[string](t, db, "SHOW TimeZone"); zone != "Asia/Kolkata" {
				t.Fatalf("time zone of the session = %s, want another one than UTC", zone)
			}
			var got row
			err := db.QueryRowContext(t.Context(),
				"SELECT $1::bigint, $2::text, $3::boolean, $4::bytea, $5::timestamptz, $6::text",
				want.Int, want.Text, want.Bool, want.Bytes, want.Time, want.Null,
			).Scan(&got.Int, &got.Text, &got.Bool, &got.Bytes, &got.Time, &got.Null)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("row (-want +got):\n%s", diff)
			}
			if got.Time.Location() != time.UTC {
				t.Errorf("location = %v, want %v", got.Time.Location(), time.UTC)
			}
		})
	}
}

func TestOpenRefusesABadURLWithoutItsPassword(t *testing.T) {
	t.Parallel()
	const password = "hunter2"
	for _, dsn := range []string{
		"postgres://user:" + password + "@host:port/db",
		"postgres://user:" + password + "@host/db?sslmode=sometimes",
		"postgres://user:" + password + "@host/db?connect_timeout=soon",
		"postgres://user:" + password + "@host/db?default_query_exec_mode=fast",
		"postgres://user:" + password + "@host/db?default_query_exec_mode=exec",
		"host=host password=" + password + " default_query_exec_mode=simple_protocol",
		"postgres://user:%zz" + password + "@host/db",
		"postgres://user:a/" + password + "@host/db",
		"postgres://user:" + password + "@[::1/db",
		"postgres://host/db?password=" + password + "&sslmode=sometimes",
		"mysql://user:" + password + "@host/db",
		"user:" + password + "@host/db",
		"host=host password=" + password + " sslmode=sometimes",
		"host=host password='" + password + "' sslmode=sometimes",
	} {
		db, err := postgres.Open(postgres.Options{URL: dsn})
		if err == nil {
			_ = db.Close()
			t.Errorf("Open(%q) = nil, want an error", dsn)
			continue
		}
		if strings.Contains(err.Error(), password) {
			t.Errorf("Open(%q) = %v, want no password in it", dsn, err)
		}
	}
}

// address returns what the URL says.
func address(t *testing.T, rawURL string) *pgconn.Config {
	t.Helper()
	config, err := pgconn.ParseConfig(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// sslmode returns the URL's mode, or libpq's default.
func sslmode(t *testing.T, rawURL string) string {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	if mode := u.Query().Get("sslmode"); mode != "" {
		return mode
	}
	return "prefer"
}
