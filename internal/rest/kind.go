package rest

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Kind is how a field's values are written: in JSON, and in a query.
type Kind uint8

// The kinds. Values of JSON and of Bytes are neither filtered nor sorted by.
const (
	String Kind = iota
	Enum
	Bool
	Int
	Float
	Decimal // a number without rounding, as a string
	Time
	UUID
	Interval // a [Duration]
	Bytes
	JSON // whatever its Go type makes of it
)

// maxText bounds a text that rows are compared with, in bytes.
const maxText = 1024

// number is JSON's: Go reads hexadecimal ones and NaN, too.
var number = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

var decimal = regexp.MustCompile(`^-?[0-9]{1,100}(\.[0-9]{1,100})?$`)

// parse reads a value that rows are compared with. It returns what is wrong with it, or "".
func (f *Field) parse(text string) (value any, problem string) {
	if f.Kind == String && len(text) > maxText {
		return nil, fmt.Sprintf("expected at most %d bytes", maxText)
	}
	return f.parseStored(text)
}

// parseStored is parse for what a row has, which may be longer than what clients compare
// rows with.
func (f *Field) parseStored(text string) (value any, problem string) {
	switch f.Kind {
	case String:
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return nil, "expected text in UTF-8 without NUL"
		}
		return text, ""
	case Enum:
		if !slices.Contains(f.Enum, text) {
			return nil, "expected one of " + strings.Join(f.Enum, ", ")
		}
		return text, ""
	case Bool:
		if text != "true" && text != "false" {
			return nil, "expected true or false"
		}
		return text == "true", ""
	case Int:
		return f.parseInt(text)
	case Float:
		v, err := strconv.ParseFloat(text, f.Bits)
		if err != nil || !number.MatchString(text) {
			return nil, "expected a number"
		}
		return v, ""
	case Decimal:
		if !decimal.MatchString(text) {
			return nil, "expected a decimal number"
		}
		return text, ""
	case Time:
		v, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return nil, "expected a time of RFC 3339, as 2006-01-02T15:04:05Z"
		}
		return v, timeProblem(v)
	case UUID:
		v, err := uuid.Parse(text)
		if err != nil || len(text) != 36 {
			return nil, "expected a UUID"
		}
		return v, ""
	case Interval:
		var d Duration
		if err := d.UnmarshalText([]byte(text)); err != nil {
			return nil, err.Error()
		}
		return int64(d), ""
	case Bytes, JSON:
	}
	return nil, "can't be compared"
}

// timeProblem is what is wrong with a time that RFC 3339 has no text for in UTC; or "".
func timeProblem(t time.Time) string {
	if year := t.UTC().Year(); year < 0 || year > 9999 {
		return "expected a time from the year 0 to 9999, in UTC"
	}
	return ""
}

func (f *Field) parseInt(text string) (value any, problem string) {
	var err error
	if f.Unsigned {
		var v uint64
		if v, err = strconv.ParseUint(text, 10, f.Bits); v > math.MaxInt64 {
			err = strconv.ErrRange // beyond PostgreSQL's
		}
		value = v
	} else {
		value, err = strconv.ParseInt(text, 10, f.Bits)
	}
	if err != nil || text[0] == '+' {
		return nil, "expected an integer in range, in plain digits"
	}
	return value, ""
}

// format writes a value so that parse reads it.
func format(v reflect.Value) (text string, null bool) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return "", true
		}
		v = v.Elem()
	}
	if id, ok := reflect.TypeAssert[uuid.UUID](v); ok {
		return id.String(), false
	}
	switch a := v.Interface().(type) {
	case time.Time:
		text = a.UTC().Format(time.RFC3339Nano)
	case encoding.TextMarshaler:
		b, err := a.MarshalText()
		if err != nil {
			return "", true
		}
		text = string(b)
	case fmt.Stringer:
		text = a.String()
	default:
		text = fmt.Sprint(a)
	}
	return text, false
}
