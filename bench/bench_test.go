package main

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"commitment/internal/pgtest"
	"commitment/internal/postgres"
	"commitment/internal/reqtx"
	"commitment/internal/txn"
)

// BenchmarkMiddleware measures the middleware's own cost for a request that doesn't use
// the database: the difference of "within" and "without".
func BenchmarkMiddleware(b *testing.B) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	pool, err := postgres.Open(postgres.Options{URL: "postgres://127.0.0.1:1/none"}) // never dialed
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = pool.Close() })
	within := reqtx.Middleware(txn.New(pool, txn.Options{AcquireTimeout: time.Second}), reqtx.Options{
		WriteError: func(_ http.ResponseWriter, _ *http.Request, err error) { b.Error(err) },
	})(handler)
	for _, c := range []struct {
		name    string
		method  string
		handler http.Handler
	}{
		{"without/GET", http.MethodGet, handler},
		{"within/GET", http.MethodGet, within},
		{"within/POST", http.MethodPost, within},
	} {
		b.Run(c.name, func(b *testing.B) {
			request := httptest.NewRequestWithContext(b.Context(), c.method, "/", http.NoBody)
			response := &discardWriter{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(response.header)
				c.handler.ServeHTTP(response, request)
			}
		})
	}
}

// BenchmarkHandler measures each peer's handler for each kind of request, without HTTP
// and directly connected to PostgreSQL.
func BenchmarkHandler(b *testing.B) {
	for _, s := range suites {
		for _, p := range s.peers {
			if p.open == nil {
				continue
			}
			b.Run(p.name, func(b *testing.B) {
				url := pgtest.OwnerURL(b)
				prepareAccounts(b, url)
				h, err := p.open(url, 15)
				if err != nil {
					b.Fatal(err)
				}
				for i := range s.works {
					b.Run(s.works[i].name, func(b *testing.B) { benchmark(b, h, &s.works[i]) })
				}
			})
		}
	}
}

func prepareAccounts(tb testing.TB, url string) {
	tb.Helper()
	db := pgtest.Open(tb, url)
	for _, statement := range fixture {
		if _, err := db.ExecContext(tb.Context(), statement); err != nil {
			tb.Fatal(err)
		}
	}
}

func benchmark(b *testing.B, h http.Handler, w *work) {
	b.Helper()
	b.ReportAllocs()
	b.SetParallelism(4) // eight clients on two processors, as in a run
	b.RunParallel(func(pb *testing.PB) {
		d, err := newDirectClient(h, w, rand.Uint64()) // of its own, as names are unique
		if err != nil {
			b.Error(err)
			return
		}
		defer d.cancel()
		for pb.Next() {
			if err := d.do(d.prepare()); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
