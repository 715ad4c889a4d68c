package config

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Headers are header fields for the collector, as name=value,name=value. They may contain
// secrets: String shows the names alone.
type Headers string

func parseHeaders(text string) (Headers, error) {
	for pair := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(pair, "=")
		if _, err := url.PathUnescape(value); err != nil || !ok || strings.TrimSpace(name) == "" {
			return "", errors.New("not name=value")
		}
	}
	return Headers(text), nil
}

// String returns the names.
func (h Headers) String() string {
	if h == "" {
		return ""
	}
	var names []string
	for pair := range strings.SplitSeq(string(h), ",") {
		name, _, _ := strings.Cut(pair, "=")
		names = append(names, strings.TrimSpace(name)+"="+redacted)
	}
	return strings.Join(names, ",")
}

// Format prints String for every verb.
func (h Headers) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, h.String()) }

// MarshalText returns String, for encoders.
func (h Headers) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// samplers are the samplers that the SDK knows.
var samplers = []string{"always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"}

// checkTraces reports settings of OpenTelemetry with which there would be no traces, or
// others than expected: its SDK would fall back to a default.
func (r *reader) checkTraces(t Traces) {
	if t.Exporter != "" && t.Exporter != "otlp" {
		r.reject("OTEL_TRACES_EXPORTER", "=%q: want otlp or none", t.Exporter)
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"} {
		if text := r.vars[name]; text != "" && !isEndpoint(text) {
			r.reject(name, "=%q: want a URL such as http://collector:4318", text)
		}
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"} {
		if text := r.vars[name]; text != "" && text != "http/protobuf" && text != "http/json" {
			r.reject(name, "=%q: want http/protobuf or http/json, which collectors receive on port 4318", text)
		}
	}
	for pair := range strings.SplitSeq(t.ResourceAttributes, ",") {
		if t.ResourceAttributes != "" && !strings.Contains(pair, "=") {
			r.reject("OTEL_RESOURCE_ATTRIBUTES", "=%q: want comma-separated name=value", t.ResourceAttributes)
			break
		}
	}
	if !slices.Contains(samplers, t.Sampler) {
		r.reject("OTEL_TRACES_SAMPLER", "=%q: want %s", t.Sampler, strings.Join(samplers, ", "))
	}
	if share, err := strconv.ParseFloat(t.SamplerArg, 64); t.SamplerArg != "" && (err != nil || !(share >= 0 && share <= 1)) {
		r.reject("OTEL_TRACES_SAMPLER_ARG", "=%q: want a number from 0 to 1", t.SamplerArg)
	}
}

// isEndpoint reports whether s is the URL of a collector.
func isEndpoint(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
