package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/httpapi"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/postgres"
)

// failAtCommit makes every COMMIT that has touched a table fail.
func (s *service) failAtCommit(t *testing.T, table, how string) {
	t.Helper()
	s.exec(t, `
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'a secret reason' `+how+`; END $$;
		CREATE CONSTRAINT TRIGGER refused AFTER INSERT OR UPDATE OR DELETE ON `+table+`
		DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()`)
}

func TestNothingIsToldOfWorkThatFailsAtCommit(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		how    string
		status int
		code   string
	}{
		"by a rule that nobody knows": {"", 500, "internal"},
		"by a known constraint":       {"USING ERRCODE = 'check_violation', CONSTRAINT = 'known'", 422, "a-known-rule"},
		"by an unknown constraint":    {"USING ERRCODE = 'check_violation', CONSTRAINT = 'refused'", 422, "invalid"},
		"by a collision":              {"USING ERRCODE = 'serialization_failure'", 503, "concurrent-update"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startService(t, func(o httpapi.Options) http.Handler {
				o.Classify = postgres.Constraints{"known": httpapi.ErrKnownRule}.Classify
				return httpapi.NewThings(o)
			}, 15, 5*time.Second)
			path := s.add(t, "a")
			s.failAtCommit(t, rowtest.Table, tt.how)
			for _, request := range [][3]string{
				{"POST", "/v1/things", `{"name":"new","kind":"new"}`},
				{"PATCH", path, `{"name":"new"}`},
				{"DELETE", path, ""},
			} {
				p := s.refused(t, tt.status, request[0], request[1], request[2])
				if got := strings.TrimPrefix(p.Type, "urn:problem-type:"); got != tt.code {
					t.Errorf("%s %s: type = %q, want %q", request[0], request[1], got, tt.code)
				}
			}
			if !strings.Contains(s.log.String(), "a secret reason") {
				t.Error("the log doesn't have the cause")
			}
			s.send(t, "PATCH", path, `{}`).want(t, http.StatusOK) // no row touched
		})
	}
}

// blocked is a change that waits for a row that the test has locked. release
// lets the row go.
func (s *service) blocked(t *testing.T, ctx context.Context, path string) (done <-chan error, release func()) { //nolint:revive // t comes first in tests
	t.Helper()
	tx, err := s.owner.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "SELECT FROM idempotency_keys FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPatch, s.url+path, strings.NewReader(`{"name":"b"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	result := make(chan error, 1)
	go func() {
		resp, err := s.client.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			err = errors.New(resp.Status)
		}
		result <- err
	}()
	pgtest.WaitFor(t, "the request waits for the row", func() bool {
		var waiting bool
		err := s.owner.QueryRowContext(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waiting)
		return err == nil && waiting
	})
	return result, func() {
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
	}
}

func TestAClientThatGoesAwayChangesNothing(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	path := s.add(t, "a")
	before := s.rows(t)
	ctx, leave := context.WithCancel(t.Context())
	done, release := s.blocked(t, ctx, path)
	leave()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("response = %v, want none", err)
	}
	s.log.WaitFor(t, "status=499")
	release()
	if diff := cmp.Diff(before, s.rows(t)); diff != "" {
		t.Errorf("rows (-before +after):\n%s", diff)
	}
	pgtest.WaitFor(t, "no connection is in use", func() bool { return s.pool.Stats().InUse == 0 })
	s.send(t, "PATCH", path, `{"name":"b"}`).want(t, http.StatusOK)
}

func TestAnExhaustedPoolIsABusyService(t *testing.T) {
	t.Parallel()
	s := startService(t, httpapi.NewThings, 1, 500*time.Millisecond) // which a first connection must fit into
	path := s.add(t, "a")
	before := s.rows(t)
	conn, err := s.pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range [][3]string{
		{"GET", "/v1/things", ""},
		{"POST", "/v1/things", `{"name":"b","kind":"new"}`},
		{"DELETE", path, ""},
	} {
		p := s.send(t, request[0], request[1], request[2]).problem(t, http.StatusServiceUnavailable)
		p.want(t, "busy")
		if got := p.header.Get("Retry-After"); got != "1" {
			t.Errorf("Retry-After = %q, want 1", got)
		}
	}
	// What needs no connection is served all the same.
	s.send(t, "POST", "/v1/things", `{}`).want(t, http.StatusUnprocessableEntity)
	s.send(t, "GET", "/healthz", "").want(t, http.StatusOK)
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if after := s.rows(t); !slices.Equal(before, after) {
		t.Errorf("rows = %q, want those from before, %q", after, before)
	}
}
