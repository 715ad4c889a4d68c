package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
)

// discard is a [http.ResponseWriter] that costs nothing, so that what is counted
// is the handler's.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(status int)      { d.status = status }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }

// direct makes requests of a handler without HTTP.
type direct struct {
	handler http.Handler
	work    *work
	request *http.Request
	cancel  context.CancelFunc // of the request
	body    strings.Reader
	answer  discard
	rand    *rand.Rand
}

func newDirect(h http.Handler, w *work) (*direct, error) {
	d := &direct{handler: h, work: w, answer: discard{header: http.Header{}}, rand: rand.New(rand.NewPCG(1, 1))}
	// As in net/http, the context can be canceled, which database drivers have to watch.
	ctx, cancel := context.WithCancel(context.Background())
	d.cancel = cancel
	var err error
	d.request, err = http.NewRequestWithContext(ctx, w.method, w.path(d.rand), http.NoBody)
	return d, err
}

// prepare makes the body, which isn't the handler's to pay for.
func (d *direct) prepare() string {
	if d.work.body == nil {
		return ""
	}
	return d.work.body(d.rand)
}

// do makes one request.
func (d *direct) do(body string) error {
	d.body.Reset(body)
	d.request.Body = io.NopCloser(&d.body)
	clear(d.answer.header)
	d.answer.status = http.StatusOK
	d.handler.ServeHTTP(&d.answer, d.request)
	if d.answer.status != d.work.status {
		return fmt.Errorf("%s: status = %d, want %d", d.work.name, d.answer.status, d.work.status)
	}
	return nil
}

// allocations of one request in a handler.
type allocations struct{ objects, bytes float64 }

// countAllocs counts what a handler allocates for a request, in this process.
func countAllocs(h http.Handler, w *work) (allocations, error) {
	const requests = 1000
	d, err := newDirect(h, w)
	if err != nil {
		return allocations{}, err
	}
	defer d.cancel()
	bodies := make([]string, requests)
	for i := range bodies {
		bodies[i] = d.prepare()
	}
	for _, body := range bodies[:100] { // connections, prepared statements, pools
		if err := d.do(body); err != nil {
			return allocations{}, err
		}
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, body := range bodies {
		if err := d.do(body); err != nil {
			return allocations{}, err
		}
	}
	runtime.ReadMemStats(&after)
	return allocations{
		objects: float64(after.Mallocs-before.Mallocs) / requests,
		bytes:   float64(after.TotalAlloc-before.TotalAlloc) / requests,
	}, nil
}
