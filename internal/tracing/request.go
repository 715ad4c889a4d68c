package tracing

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"strconv"
	"strings"

	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"commitment/internal/middleware"
)

// w3c reads the context of a trace from a request's header.
var w3c = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

type requestKey struct{}

// Requests returns a middleware that makes a span of each request, up to the end of its
// response. Probes have none: there would be more of them than of anything else. Route returns the pattern that a request matched. It comes after
// [middleware.ClientIP], and before everything that logs.
func (t *Tracing) Requests(route func(*http.Request) string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if middleware.IsProbe(r.URL.Path) {
				next.ServeHTTP(w, r)
				return
			}
			ctx, span := t.startRequest(r)
			if !span.IsRecording() {
				next.ServeHTTP(w, r.WithContext(ctx))
				return
			}
			r = r.WithContext(context.WithValue(ctx, requestKey{}, span))
			span.SetAttributes(requestAttrs(r)...)
			response, aborted := chimiddleware.NewWrapResponseWriter(w, r.ProtoMajor), true
			defer func() { // a panic aborts the response
				if pattern := route(r); pattern != "" {
					span.SetName(spanName(r, pattern))
					span.SetAttributes(semconv.HTTPRoute(pattern))
				}
				endRequest(span, response.Status(), aborted)
			}()
			next.ServeHTTP(response, r)
			aborted = false
		})
	}
}

var server = trace.WithSpanKind(trace.SpanKindServer)

// startRequest begins the span of a request: as a part of the trace that the request
// brings, if that is trusted.
func (t *Tracing) startRequest(r *http.Request) (context.Context, trace.Span) {
	ctx, name := w3c.Extract(r.Context(), propagation.HeaderCarrier(r.Header)), spanName(r, "")
	if t.trustParent {
		return t.tracer.Start(ctx, name, server)
	}
	if remote := trace.SpanContextFromContext(ctx); remote.IsValid() {
		return t.tracer.Start(r.Context(), name, server, trace.WithLinks(trace.Link{SpanContext: remote}))
	}
	return t.tracer.Start(r.Context(), name, server)
}

// spanName returns the name of a request's span.
func spanName(r *http.Request, pattern string) string {
	method := cmp.Or(knownMethod(r), "HTTP")
	return strings.TrimSpace(method + " " + pattern)
}

// knownMethod returns r's method, or "" if HTTP doesn't define it.
func knownMethod(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return r.Method
	}
	return ""
}

// requestAttrs returns what is known of a request from the start. The query is left out:
// it may contain secrets.
func requestAttrs(r *http.Request) []attribute.KeyValue {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	attrs := []attribute.KeyValue{
		semconv.ClientAddress(middleware.ClientAddress(r)),
		semconv.URLScheme(scheme), semconv.URLPath(r.URL.Path),
		semconv.NetworkProtocolVersion(strings.TrimPrefix(r.Proto, "HTTP/")),
	}
	if method := knownMethod(r); method != "" {
		attrs = append(attrs, semconv.HTTPRequestMethodKey.String(method))
	} else {
		attrs = append(attrs, semconv.HTTPRequestMethodOther, semconv.HTTPRequestMethodOriginal(r.Method))
	}
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	attrs = append(attrs, semconv.ServerAddress(host))
	if n, err := strconv.Atoi(port); err == nil {
		attrs = append(attrs, semconv.ServerPort(n))
	}
	if agent := r.UserAgent(); agent != "" {
		attrs = append(attrs, semconv.UserAgentOriginal(agent))
	}
	return attrs
}

// endRequest ends the span of a request. An error of the client's is none of the service.
func endRequest(span trace.Span, status int, aborted bool) {
	if !aborted {
		status = cmp.Or(status, http.StatusOK)
	}
	if status != 0 {
		span.SetAttributes(semconv.HTTPResponseStatusCode(status))
	}
	switch {
	case aborted:
		span.SetStatus(codes.Error, "the response was aborted")
		span.SetAttributes(semconv.ErrorTypeKey.String("aborted"))
	case status >= http.StatusInternalServerError:
		span.SetStatus(codes.Error, "")
		span.SetAttributes(semconv.ErrorTypeKey.String(strconv.Itoa(status)))
	}
	span.End()
}

// RecordError records, in the span of the request of ctx, why the request failed.
func RecordError(ctx context.Context, err error) {
	if span, ok := ctx.Value(requestKey{}).(trace.Span); ok {
		span.RecordError(err)
	}
}
