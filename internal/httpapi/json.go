package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"commitment/internal/rest"
)

// Limits of a body. They keep error messages small.
const (
	maxDepth      = 64  // of nested arrays and objects
	maxMemberName = 256 // in bytes
)

// formats read and write bodies as JSON.
var formats = map[string]huma.Format{
	"application/json": {Marshal: marshal, Unmarshal: unmarshal},
	"json":             {Marshal: marshal, Unmarshal: unmarshal},
}

// marshal writes JSON.
func marshal(w io.Writer, v any) error {
	if body, ok := v.(rest.Body); ok {
		return body.WriteJSON(w)
	}
	return huma.DefaultJSONFormat.Marshal(w, v)
}

// msgUnfitMember is unmarshal's message for a member that is valid by its schema but not
// for its Go type: to a schema, 1e3 is an integer.
const msgUnfitMember = "expected property %s to be a number in range, in plain digits"

// unmarshal parses JSON. It rejects what encoding/json would silently change or drop: text
// that isn't UTF-8, and what checkJSON finds. Its errors don't mention Go types.
func unmarshal(data []byte, v any) error {
	if !utf8.Valid(data) {
		return errors.New("the body is not UTF-8")
	}
	err := json.Unmarshal(data, v)
	unfit, ok := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case err == nil:
		return checkJSON(data)
	case !ok:
		return err
	case unfit.Field == "":
		kind, _, _ := strings.Cut(unfit.Value, " ") // the rest is the value, which may be very long
		return fmt.Errorf("a %s is out of range", kind)
	}
	return fmt.Errorf(msgUnfitMember, unfit.Field)
}

// checkJSON rejects valid JSON with a duplicate member, of which encoding/json takes the
// last; with half of a surrogate pair, which it replaces; or beyond the limits.
func checkJSON(data []byte) error {
	var names memberNames
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{', '[':
			if !names.begin() {
				return fmt.Errorf("the body is nested more than %d deep", maxDepth)
			}
		case '}', ']':
			names.end()
		case '"':
			end, err := checkString(data, i)
			if err != nil {
				return err
			}
			text := data[i:end]
			i = end - 1
			if !bytes.HasPrefix(bytes.TrimLeft(data[end:], " \t\r\n"), []byte(":")) {
				break
			}
			name, err := memberName(text)
			if err != nil {
				return err
			}
			if !names.add(name) {
				return fmt.Errorf("duplicate member %q", name)
			}
		}
	}
	return nil
}

// memberName returns the name of a member, a JSON string.
func memberName(text []byte) ([]byte, error) {
	if len(text) > maxMemberName {
		return nil, fmt.Errorf("a member's name is longer than %d bytes", maxMemberName)
	}
	if !bytes.ContainsRune(text, '\\') {
		return text[1 : len(text)-1], nil
	}
	var name string
	err := json.Unmarshal(text, &name)
	return []byte(name), err
}

// memberNames has the names of the members so far of each enclosing array and object. A
// few are compared one by one, which takes no memory: a body has few, as a rule.
type memberNames struct {
	few   [16][]byte // those of the innermost object last
	n     int        // of the few
	open  [maxDepth]scope
	depth int
}

// scope is an enclosing array or object.
type scope struct {
	first int             // of its names among the few
	more  map[string]bool // those of its names that the few have no room for
}

// begin begins an array or object. It reports false if it is nested too deep.
func (m *memberNames) begin() bool {
	if m.depth == maxDepth {
		return false
	}
	m.open[m.depth] = scope{first: m.n}
	m.depth++
	return true
}

func (m *memberNames) end() {
	m.depth--
	m.n = m.open[m.depth].first
}

// add adds a name to those of the innermost object. It reports false for a duplicate.
func (m *memberNames) add(name []byte) bool {
	s := &m.open[m.depth-1]
	own := m.few[s.first:m.n]
	if slices.ContainsFunc(own, func(other []byte) bool { return bytes.Equal(name, other) }) || s.more[string(name)] {
		return false
	}
	if m.n < len(m.few) {
		m.few[m.n] = name
		m.n++
		return true
	}
	if s.more == nil {
		s.more = map[string]bool{}
	}
	s.more[string(name)] = true
	return true
}

// checkString returns the end of the string that starts at data[start]. It rejects half of
// a surrogate pair.
func checkString(data []byte, start int) (end int, err error) {
	for i := start + 1; ; i++ {
		switch data[i] {
		case '"':
			return i + 1, nil
		case '\\':
			i++
			if high := escaped(data[i-1:]); utf16.IsSurrogate(high) {
				if utf16.DecodeRune(high, escaped(data[i+5:])) == utf8.RuneError {
					return 0, fmt.Errorf(`\u%04x is half of a surrogate pair`, high)
				}
				i += 6
			}
		}
	}
}

// escaped returns the UTF-16 code unit of the \u escape that text begins with, or 0.
func escaped(text []byte) rune {
	if !bytes.HasPrefix(text, []byte(`\u`)) {
		return 0
	}
	unit, _ := strconv.ParseUint(string(text[2:6]), 16, 16) // valid JSON has four digits
	return rune(unit)
}
