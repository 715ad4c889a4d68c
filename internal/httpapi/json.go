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

// Bounds of a body. They keep what is said of a bad one as small as the body.
const (
	maxDepth      = 64  // how deep arrays and objects nest
	maxMemberName = 256 // in bytes
)

// formats are how bodies are read and written: as JSON.
var formats = map[string]huma.Format{
	"application/json": {Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal},
	"json":             {Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal},
}

// msgUnfitMember is what unmarshal says of a member that fits its schema and not
// its Go type: a schema's numbers are unbounded, and 1e3 is an integer.
const msgUnfitMember = "expected property %s to be a number in range, in plain digits"

// unmarshal reads JSON. What encoding/json would silently change or drop is refused:
// text that isn't UTF-8, and what checkJSON finds. Errors don't speak of Go.
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
		kind, _, _ := strings.Cut(unfit.Value, " ") // the rest is the value, as long as it may be
		return fmt.Errorf("a %s is out of range", kind)
	}
	return fmt.Errorf(msgUnfitMember, unfit.Field)
}

// checkJSON finds in valid JSON a member that is given twice, of which encoding/json
// takes the last; half of a surrogate pair, which it replaces; and nesting and names
// out of bounds.
func checkJSON(data []byte) error {
	var names []map[string]bool // for each array and object around: the members so far
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

// addName adds the name of a member, as JSON has it, to those of its object.
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
		return fmt.Errorf("the member %q is given twice", name)
	}
	names[name] = true
	return nil
}

// checkString returns where the string that starts at data[start] ends. Each half of
// a surrogate pair must have its other half.
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

// escaped is the UTF-16 code unit that text begins with as a \u escape, or 0.
func escaped(text []byte) rune {
	if !bytes.HasPrefix(text, []byte(`\u`)) {
		return 0
	}
	unit, _ := strconv.ParseUint(string(text[2:6]), 16, 16) // valid JSON has four digits
	return rune(unit)
}
