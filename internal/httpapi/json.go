package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
)

// Limits of a body. They keep error messages small.
const (
	maxDepth      = 64  // of nested arrays and objects
	maxMemberName = 256 // in bytes
)

// formats read and write bodies as JSON.
var formats = map[string]huma.Format{
	"application/json": {Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal},
	"json":             {Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal},
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
	var names []map[string]bool // for each enclosing array and object: the members so far
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{', '[':
			if len(names) == maxDepth {
				return fmt.Errorf("the body is nested more than %d deep", maxDepth)
			}
			names = append(names, nil)
		case '}', ']':
			names = names[:len(names)-1]
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
			object := &names[len(names)-1]
			if *object == nil {
				*object = map[string]bool{}
			}
			if err := addName(*object, text); err != nil {
				return err
			}
		}
	}
	return nil
}

// addName adds the name of a member, a JSON string, to those of its object.
func addName(names map[string]bool, text []byte) error {
	if len(text) > maxMemberName {
		return fmt.Errorf("a member's name is longer than %d bytes", maxMemberName)
	}
	name := string(text[1 : len(text)-1])
	if strings.Contains(name, `\`) {
		if err := json.Unmarshal(text, &name); err != nil {
			return err
		}
	}
	if names[name] {
		return fmt.Errorf("duplicate member %q", name)
	}
	names[name] = true
	return nil
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
