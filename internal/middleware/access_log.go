package middleware

import (
	"cmp"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5/middleware"
)

// AccessLog logs each request once it is answered. Route returns the pattern that
// matched a request, or "" when none did; it is asked after the handler.
//
// It must come after RequestID, whose id the log takes from the context, and after
// ClientIP, and before Recover, so that a panic is logged as the answer that it
// became. The query is left out: it may hold secrets.
func AccessLog(log *slog.Logger, route func(*http.Request) string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
			start, aborted := time.Now(), true
			// Deferred, and without a recover: a panic that comes by goes on with
			// its stack, and net/http aborts the connection.
			defer func() {
				e := entry{r, answer, route(r), time.Since(start), aborted}
				log.LogAttrs(r.Context(), e.level(), "request", e.attrs()...)
			}()
			next.ServeHTTP(answer, r)
			aborted = false
		})
	}
}

// entry is one line of the log.
type entry struct {
	request  *http.Request
	answer   middleware.WrapResponseWriter
	route    string
	duration time.Duration
	aborted  bool
}

// level is warn for what went wrong on our side, debug for polling that went well.
func (e entry) level() slog.Level {
	switch status := e.status(); {
	case e.aborted, status >= http.StatusInternalServerError:
		return slog.LevelWarn
	case polled(e.route) && status < http.StatusBadRequest:
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// status is what was sent: 200 when a handler wrote nothing, 0 when the answer
// was aborted before it began.
func (e entry) status() int {
	if e.aborted {
		return e.answer.Status()
	}
	return cmp.Or(e.answer.Status(), http.StatusOK)
}

func (e entry) attrs() []slog.Attr {
	attrs := []slog.Attr{
		slog.String("method", e.request.Method),
		slog.String("route", e.route),
		slog.String("path", e.request.URL.Path),
		slog.Int("status", e.status()),
		slog.Int("bytes", e.answer.BytesWritten()),
		slog.Duration("duration", e.duration),
		slog.String("remote_ip", clientIP(e.request)),
		slog.String("user_agent", e.request.UserAgent()),
	}
	if e.aborted {
		attrs = append(attrs, slog.Bool("aborted", true))
	}
	return attrs
}

// polled reports whether machines ask for route every few seconds: the metrics,
// and the pages that are named with a final z, as /healthz.
func polled(route string) bool {
	name := strings.TrimPrefix(route, "/")
	return name == "metrics" || strings.HasSuffix(name, "z") && !strings.Contains(name, "/")
}

// host is an address without its port.
func host(address string) string {
	h, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return h
}
