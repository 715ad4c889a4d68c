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

// discardWriter is a [http.ResponseWriter] without cost, so that only the handler's
// allocations are counted.
type discardWriter struct {
	header http.Header
	status int
}

func (d *discardWriter) Header() http.Header         { return d.header }
func (d *discardWriter) WriteHeader(status int)      { d.status = status }
func (d *discardWriter) Write(p []byte) (int, error) { return len(p), nil }

// directClient calls a handler without HTTP.
type directClient struct {
	handler  http.Handler
	work     *work
	request  *http.Request
	cancel   context.CancelFunc // cancels the request
	body     strings.Reader
	response discardWriter
	rand     *rand.Rand
}

func newDirectClient(h http.Handler, w *work, seed uint64) (*directClient, error) {
	d := &directClient{handler: h, work: w, response: discardWriter{header: http.Header{}}, rand: rand.New(rand.NewPCG(seed, 1))}
	// As in net/http, the context can be canceled, so database drivers have to watch it.
	ctx, cancel := context.WithCancel(context.Background())
	d.cancel = cancel
	var err error
	d.request, err = http.NewRequestWithContext(ctx, w.method, w.path(d.rand), http.NoBody)
	d.request.Header.Set("Content-Type", "application/json")
	return d, err
}

// prepare makes the body outside of the measurement.
func (d *directClient) prepare() string {
	if d.work.body == nil {
		return ""
	}
	return d.work.body(d.rand)
}

// do makes one request.
func (d *directClient) do(body string) error {
	d.body.Reset(body)
	d.request.Body, d.request.ContentLength = io.NopCloser(&d.body), int64(len(body))
	clear(d.response.header)
	d.response.status = http.StatusOK
	d.handler.ServeHTTP(&d.response, d.request)
	if d.response.status != d.work.status {
		return fmt.Errorf("%s: status = %d, want %d", d.work.name, d.response.status, d.work.status)
	}
	return nil
}

// allocations are those of one request in a handler.
type allocations struct{ objects, bytes float64 }

// countAllocs counts a handler's allocations per request, in this process.
func countAllocs(h http.Handler, w *work) (allocations, error) {
	const (
		requests = 1000
		warm     = 100
	)
	d, err := newDirectClient(h, w, 1)
	if err != nil {
		return allocations{}, err
	}
	defer d.cancel()
	bodies := make([]string, warm+requests)
	for i := range bodies {
		bodies[i] = d.prepare()
	}
	for _, body := range bodies[:warm] { // warm up connections, prepared statements and pools
		if err := d.do(body); err != nil {
			return allocations{}, err
		}
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, body := range bodies[warm:] {
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
