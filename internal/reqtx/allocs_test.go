package reqtx

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"commitment/internal/txn"
)

// discard is a response that nobody reads.
type discard struct{ header http.Header }

func (d discard) Header() http.Header       { return d.header }
func (discard) WriteHeader(int)             {}
func (discard) Write(p []byte) (int, error) { return len(p), nil }

func TestARequestThatTouchesNothingAllocatesLittle(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts what all goroutines allocate
	h := Middleware(txn.New(nil, txn.Options{}), Options{
		WriteError: func(_ http.ResponseWriter, _ *http.Request, err error) { t.Error(err) },
	})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	r, w := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody), discard{http.Header{}}
	const most = 4 // the unit, the attempt, its request, the response's header
	if got := testing.AllocsPerRun(100, func() { h.ServeHTTP(w, r) }); got > most {
		t.Errorf("allocations = %v, want %v at most", got, most)
	}
}
