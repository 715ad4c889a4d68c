package reqtx_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"commitment/ent"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/reqtx"
	"commitment/internal/txn"
)

// raise runs a statement that fails with the SQLSTATE.
func raise(ctx context.Context, sqlstate string) error {
	tx, err := txn.SQLFromContext(ctx)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, fmt.Sprintf("DO $$ BEGIN RAISE 'as asked' USING ERRCODE = '%s'; END $$", sqlstate))
	return err
}

// post sends a body.
func (s *service) post(t *testing.T, body io.Reader) (reply, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url, body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, resp.ContentLength}, string(text)
}

func TestARequestIsRetriedFromTheStart(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		attempt := txn.Attempt(r.Context())
		w.Header().Add("X-Attempt", fmt.Sprint(attempt))
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = insert(r, string(body))
		}
		if err == nil && attempt < 3 {
			err = raise(r.Context(), "40001")
		}
		if err != nil {
			writeError(w, r, err)
			return
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(body)
	})
	resp, body := s.post(t, strings.NewReader("row"))
	if resp.StatusCode != http.StatusCreated || body != "row" {
		t.Errorf("response = %d %q, want 201 %q", resp.StatusCode, body, "row")
	}
	if got := resp.Header.Values("X-Attempt"); len(got) != 1 || got[0] != "3" {
		t.Errorf("X-Attempt = %v, want the third attempt's alone", got)
	}
	s.wantRow(t, "row", true)
}

func TestAFailureAtCommitIsRetried(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_ = insert(r, fmt.Sprint("row", txn.Attempt(r.Context())))
		w.WriteHeader(http.StatusCreated)
	})
	if _, err := s.pool.ExecContext(t.Context(), `
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN IF NEW.key = 'row1' THEN RAISE 'refused' USING ERRCODE = '40001'; END IF; RETURN NULL; END $$;
		CREATE CONSTRAINT TRIGGER refused AFTER INSERT ON idempotency_keys DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION refuse()`); err != nil {
		t.Fatal(err)
	}
	resp, _ := s.post(t, http.NoBody)
	if resp.StatusCode != http.StatusCreated {
		t.Errorf("status = %d, want 201", resp.StatusCode)
	}
	s.wantRow(t, "row1", false)
	s.wantRow(t, "row2", true)
}

func TestAMigrationOfAColumnUnderAPreparedStatementGoesUnnoticed(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := rowtest.Query(ent.FromContext(r.Context())).All(r.Context()); err != nil {
			writeError(w, r, err)
		}
	})
	s.pool.SetMaxOpenConns(1) // all on the one that has prepared it
	for _, statement := range []string{"SELECT", "ALTER TABLE idempotency_keys ALTER COLUMN key TYPE text"} {
		if _, err := s.pool.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		if resp, _, err := s.do(t, http.MethodGet); err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("response after %s = %d, %v, want 200", statement, resp.StatusCode, err)
		}
	}
}

func TestARequestWithALargeBodyIsNotRetried(t *testing.T) {
	t.Parallel()
	attempts := 0
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		attempts++
		_, _ = io.Copy(io.Discard, r.Body)
		writeError(w, r, errors.Join(insert(r, "row"), raise(r.Context(), "40001")))
	})
	resp, _ := s.post(t, strings.NewReader(strings.Repeat("x", 2<<20)))
	if resp.StatusCode != http.StatusConflict || attempts != 1 {
		t.Errorf("status = %d in %d attempts, want the handler's 409 in 1", resp.StatusCode, attempts)
	}
	s.wantRow(t, "row", false)
}

func TestModeOfARoute(t *testing.T) {
	t.Parallel()
	handler := func(w http.ResponseWriter, r *http.Request) {
		if err := insert(r, "row"); err != nil {
			writeError(w, r, err)
		}
	}
	s := serve(t, reqtx.Mode(txn.ReadWrite)(http.HandlerFunc(handler)).ServeHTTP)
	resp, _, err := s.do(t, http.MethodGet)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("GET that writes = %v, %v, want 200", resp, err)
	}
	s.wantRow(t, "row", true)
}
