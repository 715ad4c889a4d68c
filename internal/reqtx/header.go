package reqtx

import (
	"net/http"
	"slices"
	"strings"
)

// frozenHeader is a copy of a header that never changes. It is a list, which costs less
// than a map.
type frozenHeader []headerField // in any order

// headerField is a field of a header, with the values of all its lines.
type headerField struct {
	name   string
	values []string
	first  [1]string // the room of values, for one line
}

// freeze returns a copy of header.
func freeze(header http.Header) frozenHeader {
	if len(header) == 0 {
		return nil
	}
	all := make(frozenHeader, 0, len(header))
	for name, lines := range header {
		all = append(all, headerField{name: name})
		f := &all[len(all)-1]
		f.values = append(f.first[:0], lines...)
	}
	return all
}

// values returns the values of a field, whose name is in canonical form.
func (f frozenHeader) values(name string) []string {
	for i := range f {
		if f[i].name == name {
			return f[i].values
		}
	}
	return nil
}

// first returns the first value of a field, or "".
func (f frozenHeader) first(name string) string {
	if values := f.values(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// copyTo makes header a copy of f. The values are f's own.
func (f frozenHeader) copyTo(header http.Header) {
	clear(header)
	for i := range f {
		header[f[i].name] = f[i].values
	}
}

// hasTrailers reports whether header, as it is after WriteHeader, has trailers that weren't
// announced.
func (f frozenHeader) hasTrailers(header http.Header) bool {
	if f.hasNamesOf(header) {
		return slices.ContainsFunc(f, func(field headerField) bool { return strings.HasPrefix(field.name, http.TrailerPrefix) })
	}
	for name := range header {
		if strings.HasPrefix(name, http.TrailerPrefix) {
			return true
		}
	}
	return false
}

// hasNamesOf reports whether f has all names of header. To iterate over a small map costs
// more than to look into it.
func (f frozenHeader) hasNamesOf(header http.Header) bool {
	if len(f) != len(header) {
		return false
	}
	for i := range f {
		if _, ok := header[f[i].name]; !ok {
			return false
		}
	}
	return true
}

// headerLines are the lines of a request's header as it was, of which that of a retry is made.
type headerLines []headerLine

type headerLine struct {
	name, value string
	none        bool // the field has no line
}

// appendHeader appends the lines of header.
func (l headerLines) appendHeader(header http.Header) headerLines {
	for name, values := range header {
		for _, value := range values {
			l = append(l, headerLine{name, value, false})
		}
		if len(values) == 0 {
			l = append(l, headerLine{name, "", true})
		}
	}
	return l
}

// header returns the header that the lines are of.
func (l headerLines) header() http.Header {
	header := make(http.Header, len(l))
	for _, line := range l {
		if line.none {
			header[line.name] = nil
		} else {
			header[line.name] = append(header[line.name], line.value)
		}
	}
	return header
}
