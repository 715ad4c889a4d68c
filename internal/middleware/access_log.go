package middleware

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5/middleware"
)

// AccessLog logs each request once its response has been written. Route returns the
// pattern that matched a request, or "" if none did; it is called after the handler. It
// must come after RequestID, whose id the log takes from the context, and after
// ClientIP, and before Recover, so that a panic is logged as the response that it
// became. The query is left out: it may contain secrets. A request that takes as long as
// slow is logged as slow, unless it has lifted its timeout; 0 is no limit.
func AccessLog(log *slog.Logger, route func(*http.Request) string, slow time.Duration) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			response, ok := w.(middleware.WrapResponseWriter) // of a middleware outside
			if !ok {
				response = middleware.NewWrapResponseWriter(w, r.ProtoMajor)
			}
			start, aborted, agent := time.Now(), true, r.UserAgent() // a goroutine that the handler leaves behind may write the header
			added := &addedAttrs{}
			added.attrs = added.room[:0]
			r = r.WithContext(context.WithValue(r.Context(), addedKey{}, added))
			// Deferred, and without a recover: a panic keeps its stack, and
			// net/http aborts the connection.
			defer func() {
				e := entry{request: r, agent: agent, response: response, route: route(r), duration: time.Since(start), aborted: aborted}
				e.slow = slow > 0 && e.duration >= slow && !added.lifted.Load()
				log.LogAttrs(r.Context(), e.level(), "request", append(e.attrs(), added.attrs...)...)
			}()
			next.ServeHTTP(response, r)
			aborted = false
		})
	}
}

type addedKey struct{}

// addedAttrs are what was found out about a request on its way in.
type addedAttrs struct {
	attrs  []slog.Attr
	room   [4]slog.Attr
	lifted atomic.Bool // LiftTimeout was called: it may take as long as it likes
}

// AddToAccessLog adds attributes to the line of the request of ctx, if it has one. It is
// called on the request's own goroutine, before the response is written.
func AddToAccessLog(ctx context.Context, attrs ...slog.Attr) {
	if added, ok := ctx.Value(addedKey{}).(*addedAttrs); ok {
		added.attrs = append(added.attrs, attrs...)
	}
}

// entry is one line of the log.
type entry struct {
	request  *http.Request
	agent    string
	response middleware.WrapResponseWriter
	route    string
	duration time.Duration
	aborted  bool
	slow     bool
}

// level is warn for failures on our side and for slow requests, and debug for successful probes.
func (e entry) level() slog.Level {
	switch status := e.status(); {
	case e.aborted, status >= http.StatusInternalServerError:
		return slog.LevelWarn
	case e.slow:
		return slog.LevelWarn
	case IsProbe(e.route) && status < http.StatusBadRequest:
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// status is what was sent: 200 if the handler wrote nothing, 0 if the response was
// aborted before it began.
func (e entry) status() int {
	if e.aborted {
		return e.response.Status()
	}
	return cmp.Or(e.response.Status(), http.StatusOK)
}

func (e entry) attrs() []slog.Attr {
	const mayFollow = 6 // AddToAccessLog's among them
	attrs := append(make([]slog.Attr, 0, 8+mayFollow),
		slog.String("method", e.request.Method),
		slog.String("route", e.route),
		slog.String("path", e.request.URL.Path),
		slog.Int("status", e.status()),
		slog.Int("bytes", e.response.BytesWritten()),
		slog.Duration("duration", e.duration),
		slog.String("remote_ip", ClientAddress(e.request)),
		slog.String("user_agent", e.agent),
	)
	if e.aborted {
		attrs = append(attrs, slog.Bool("aborted", true))
	}
	if e.slow {
		attrs = append(attrs, slog.Bool("slow", true))
	}
	return attrs
}

// IsProbe reports whether machines poll a path every few seconds: the metrics, and paths
// that by convention end in z, such as /healthz.
func IsProbe(route string) bool {
	name := strings.TrimPrefix(route, "/")
	return name == "metrics" || strings.HasSuffix(name, "z") && !strings.Contains(name, "/")
}

// hostOf returns an address without its port.
func hostOf(address string) string {
	h, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return h
}
