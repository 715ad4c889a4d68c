package reqtx_test

import (
	"context"
	"database/sql"
	"net/http"
	"testing"

	"commitment/internal/txn"
)

// namedModes are the modes that package txn has a name for.
var namedModes = map[string]sql.TxOptions{
	"txn.ReadOnly": txn.ReadOnly, "txn.ReadWrite": txn.ReadWrite, "txn.Serializable": txn.Serializable,
}

// TestHowARequestBegins has each method, and each mode that a route may ask for, show
// how its transaction began.
func TestHowARequestBegins(t *testing.T) {
	t.Parallel()
	const anyOther = "any other method"
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if mode, ok := namedModes[r.URL.Query().Get("mode")]; ok {
			if err := txn.SetMode(r.Context(), mode); err != nil {
				writeError(w, r, err)
				return
			}
		}
		var isolation, readOnly string
		const show = "SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')"
		if err := scan(r.Context(), show, &isolation, &readOnly); err != nil {
			writeError(w, r, err)
			return
		}
		w.Header().Set("X-Mode", isolation+" "+readOnly)
	})
	rows := table(t, "How the transaction begins")
	wantVocabulary(t, rows, "method or mode", []string{
		http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace,
		http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, anyOther,
		"txn.ReadOnly", "txn.ReadWrite", "txn.Serializable",
	})
	url := s.url
	for _, r := range rows {
		want := r["isolation"] + " " + map[string]string{"read only": "on", "read write": "off"}[r["access"]]
		for _, of := range alternatives(r["method or mode"]) {
			method := of
			if _, ok := namedModes[of]; ok || of == anyOther {
				method = "REPORT"
			}
			s.url = url + "?mode=" + of
			if of == anyOther {
				s.url = url
			}
			resp, _, err := s.do(t, method)
			if got := resp.Header.Get("X-Mode"); err != nil || got != want {
				t.Errorf("%s begins as %q, %v, want %q", of, got, err, want)
			}
		}
	}
}

// scan reads one row within the unit of work in ctx.
func scan(ctx context.Context, query string, dest ...any) error {
	tx, err := txn.SQLFromContext(ctx)
	if err != nil {
		return err
	}
	return tx.QueryRowContext(ctx, query, nil, dest...)
}
