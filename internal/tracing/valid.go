package tracing

import (
	"slices"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// valid is a span whose texts are UTF-8, as OTLP demands: one that isn't would cost the
// whole batch. Paths, header fields and errors may have any bytes.
type valid struct{ sdk.ReadOnlySpan }

// Name returns the span's name.
func (s valid) Name() string { return validText(s.ReadOnlySpan.Name()) }

// Attributes returns the span's attributes.
func (s valid) Attributes() []attribute.KeyValue { return validAttrs(s.ReadOnlySpan.Attributes()) }

// Events returns the span's events.
func (s valid) Events() []sdk.Event {
	events := slices.Clone(s.ReadOnlySpan.Events())
	for i, e := range events {
		events[i].Name, events[i].Attributes = validText(e.Name), validAttrs(e.Attributes)
	}
	return events
}

// Status returns the span's status.
func (s valid) Status() sdk.Status {
	status := s.ReadOnlySpan.Status()
	status.Description = validText(status.Description)
	return status
}

// validAttrs returns attrs, or a copy in which texts that aren't UTF-8 are replaced.
func validAttrs(attrs []attribute.KeyValue) []attribute.KeyValue {
	if !slices.ContainsFunc(attrs, isInvalid) {
		return attrs
	}
	attrs = slices.Clone(attrs)
	for i, a := range attrs {
		switch a.Value.Type() { //nolint:exhaustive // other values have no text
		case attribute.STRING:
			attrs[i].Value = attribute.StringValue(validText(a.Value.AsString()))
		case attribute.STRINGSLICE:
			texts := a.Value.AsStringSlice() // a copy
			for j, text := range texts {
				texts[j] = validText(text)
			}
			attrs[i].Value = attribute.StringSliceValue(texts)
		}
	}
	return attrs
}

func isInvalid(a attribute.KeyValue) bool {
	switch a.Value.Type() { //nolint:exhaustive // other values have no text
	case attribute.STRING:
		return !utf8.ValidString(a.Value.AsString())
	case attribute.STRINGSLICE:
		return slices.ContainsFunc(a.Value.AsStringSlice(), func(text string) bool { return !utf8.ValidString(text) })
	}
	return false
}

// validText returns text, with U+FFFD for what isn't UTF-8.
func validText(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
