package reqtx

import (
	"net/http"
	"strings"
)

// frozenHeader is a copy of a header that never changes. It is a list, which costs less
// than a map.
type frozenHeader struct {
	fields []headerField // in any order

	// What most headers fit into.
	room       [8]headerField
	valuesRoom [8]string
}

// headerField is a field of a header, with the values of all its lines.
type headerField struct {
	name   string
	values []string
}

// copyFrom makes f a copy of header.
func (f *frozenHeader) copyFrom(header http.Header) {
	f.fields = f.room[:0]
	values := f.valuesRoom[:0]
	for name, lines := range header {
		start := len(values)
		values = append(values, lines...)
		f.fields = append(f.fields, headerField{name, values[start:len(values):len(values)]})
	}
}

// values returns the values of a field, whose name is in canonical form.
func (f *frozenHeader) values(name string) []string {
	for i := range f.fields {
		if f.fields[i].name == name {
			return f.fields[i].values
		}
	}
	return nil
}

// first returns the first value of a field, or "".
func (f *frozenHeader) first(name string) string {
	if values := f.values(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// copyTo makes header a copy of f. The values are f's own.
func (f *frozenHeader) copyTo(header http.Header) {
	clear(header)
	for i := range f.fields {
		header[f.fields[i].name] = f.fields[i].values
	}
}

// hasTrailers reports whether header has trailers that weren't announced.
func hasTrailers(header http.Header) bool {
	for name := range header {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			return true
		}
	}
	return false
}
