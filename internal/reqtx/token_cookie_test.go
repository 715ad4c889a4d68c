package reqtx_test

import (
	"database/sql"
	"net/http"
	"net/http/httptest"
	"testing"

	"commitment/ent"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/postgres"
	"commitment/internal/replicas"
	"commitment/internal/reqtx"
	"commitment/internal/txn"
)

// The token of what a GET has written is a write's: the response to an earlier read must
// not replace it.
func TestTheCookieIsThatOfTheUnitsMode(t *testing.T) {
	t.Parallel()
	pool, err := postgres.Open(postgres.Options{URL: pgtest.OwnerURL(t), MaxOpenConns: 2, MaxIdleConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	db := txn.New(pool, txn.Options{Replicas: replicas.New(pool, nil, replicas.Options{})})
	work := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := rowtest.Count(r.Context(), ent.FromContext(r.Context())); err != nil {
			writeError(w, r, err)
		}
	})
	for _, tt := range []struct {
		method string
		mode   sql.TxOptions
		want   string
	}{
		{http.MethodGet, txn.ReadOnly, "consistency-token-read"},
		{http.MethodGet, txn.ReadWrite, "consistency-token"},
		{http.MethodPost, txn.ReadWrite, "consistency-token"},
		{http.MethodPost, txn.ReadOnly, "consistency-token-read"},
	} {
		h := reqtx.Middleware(db, reqtx.Options{Tokens: reqtx.NewTokens("key"), WriteError: writeError})(reqtx.Mode(tt.mode)(work))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), tt.method, "/", http.NoBody))
		cookies := w.Result().Cookies()
		if len(cookies) != 1 || cookies[0].Name != tt.want || w.Code != http.StatusOK {
			t.Errorf("%s in the mode %+v: %d %s with cookies %v, want %s", tt.method, tt.mode, w.Code, w.Body, cookies, tt.want)
		}
	}
	if err := db.Wait(t.Context()); err != nil {
		t.Error(err)
	}
}
