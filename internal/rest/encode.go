package rest

import (
	"encoding"
	"encoding/hex"
	"encoding/json"
	"io"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Body is what a response shows: what clients read of an entity, or a [Page].
type Body struct{ Value any }

// WriteJSON writes what encoding/json writes, with HTML's characters as they are and a line
// feed at the end. It takes no memory for each time and UUID, which most rows have.
func (b Body) WriteJSON(w io.Writer) error {
	e := encoders.Get().(*encoder)
	defer e.release()
	if err := e.value(b.Value); err != nil {
		return err
	}
	e.text = append(e.text, '\n')
	_, err := w.Write(e.text)
	return err
}

// encoder writes JSON. What it doesn't know it leaves to encoding/json.
type encoder struct {
	text   []byte
	others *json.Encoder // appends to text
}

var encoders = sync.Pool{New: func() any {
	e := &encoder{}
	e.others = json.NewEncoder(e)
	e.others.SetEscapeHTML(false)
	return e
}}

// Write appends to the text.
func (e *encoder) Write(p []byte) (int, error) {
	e.text = append(e.text, p...)
	return len(p), nil
}

// release lets others use the encoder, unless it has grown large.
func (e *encoder) release() {
	const kept = 256 << 10
	if cap(e.text) <= kept {
		e.text = e.text[:0]
		encoders.Put(e)
	}
}

func (e *encoder) value(v any) error {
	if page, ok := v.(*Page); ok && page != nil && page.Items != nil {
		return e.page(page)
	}
	if p := reflect.ValueOf(v); p.Kind() == reflect.Pointer && !p.IsNil() {
		if members := membersOf(p.Type().Elem()); members != nil {
			return e.object(members, p.Elem())
		}
	}
	return e.other(v)
}

func (e *encoder) other(v any) error {
	if err := e.others.Encode(v); err != nil {
		return err
	}
	e.text = e.text[:len(e.text)-1] // without the line feed
	return nil
}

func (e *encoder) page(p *Page) error {
	e.text = append(e.text, `{"items":[`...)
	for i, item := range p.Items {
		if i > 0 {
			e.text = append(e.text, ',')
		}
		if err := e.value(item); err != nil {
			return err
		}
	}
	e.text = append(e.text, ']')
	if p.Next != "" {
		e.text = append(e.text, `,"next":`...)
		if err := e.quote(p.Next); err != nil {
			return err
		}
	}
	if p.Prev != "" {
		e.text = append(e.text, `,"prev":`...)
		if err := e.quote(p.Prev); err != nil {
			return err
		}
	}
	if p.Total != nil {
		e.text = strconv.AppendInt(append(e.text, `,"total":`...), int64(*p.Total), 10)
	}
	if p.TotalExact != nil {
		e.text = strconv.AppendBool(append(e.text, `,"total_exact":`...), *p.TotalExact)
	}
	e.text = append(e.text, '}')
	return nil
}

func (e *encoder) object(members []memberWriter, s reflect.Value) error {
	e.text = append(e.text, '{')
	first := len(e.text)
	for i := range members {
		m, v := &members[i], s.Field(i)
		if m.omitZero && v.IsZero() {
			continue
		}
		if len(e.text) > first {
			e.text = append(e.text, ',')
		}
		e.text = append(e.text, m.key...)
		if err := m.write(e, v); err != nil {
			return err
		}
	}
	e.text = append(e.text, '}')
	return nil
}

// memberWriter writes a field of a struct.
type memberWriter struct {
	key      string // with its colon
	omitZero bool
	write    func(*encoder, reflect.Value) error
}

var knownMembers sync.Map // of []memberWriter by [reflect.Type]

// membersOf are the fields of a struct of the generated kind, in their order: each is a
// member of its own name. It is nil for other types.
func membersOf(t reflect.Type) []memberWriter {
	if known, ok := knownMembers.Load(t); ok {
		return known.([]memberWriter)
	}
	members := newMembers(t)
	knownMembers.Store(t, members)
	return members
}

func newMembers(t reflect.Type) (members []memberWriter) {
	if t.Kind() != reflect.Struct || encodesItself(t) {
		return nil
	}
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		omitZero := options == "omitzero" && f.Type == reflect.TypeFor[Expanded]()
		if !f.IsExported() || f.Anonymous || name == "" || name == "-" || !plain(name) || options != "" && !omitZero {
			return nil
		}
		members = append(members, memberWriter{`"` + name + `":`, omitZero, writerOf(f.Type)})
	}
	return members
}

// writerOf returns what writes the fields of a type.
func writerOf(t reflect.Type) func(*encoder, reflect.Value) error {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return (*encoder).time
	case t == reflect.TypeFor[uuid.UUID]():
		return (*encoder).uuid
	case t == reflect.TypeFor[Expanded]():
		return (*encoder).expanded
	case encodesItself(t), t == reflect.TypeFor[json.Number]():
		return (*encoder).field
	}
	switch t.Kind() { //nolint:exhaustive // the others are left to encoding/json
	case reflect.String:
		return (*encoder).string
	case reflect.Bool:
		return (*encoder).bool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return (*encoder).int
	case reflect.Pointer:
		write := writerOf(t.Elem())
		return func(e *encoder, v reflect.Value) error {
			if v.IsNil() {
				e.text = append(e.text, "null"...)
				return nil
			}
			return write(e, v.Elem())
		}
	}
	return (*encoder).field
}

// encodesItself reports whether a type has a JSON of its own.
func encodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t) // has the type's own methods, too
	return p.Implements(reflect.TypeFor[json.Marshaler]()) || p.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}

// field leaves a field to encoding/json.
func (e *encoder) field(v reflect.Value) error { return e.other(v.Addr().Interface()) }

func (e *encoder) expanded(v reflect.Value) error {
	x, _ := reflect.TypeAssert[Expanded](v)
	return e.value(x.Value)
}

func (e *encoder) time(v reflect.Value) error {
	t, _ := reflect.TypeAssert[time.Time](v)
	text, err := t.AppendText(append(e.text, '"'))
	if err != nil {
		return err
	}
	e.text = text
	e.text = append(e.text, '"')
	return nil
}

func (e *encoder) uuid(v reflect.Value) error {
	id, _ := reflect.TypeAssert[uuid.UUID](v)
	e.text = hex.AppendEncode(append(e.text, '"'), id[:4])
	for _, part := range [][]byte{id[4:6], id[6:8], id[8:10], id[10:]} {
		e.text = hex.AppendEncode(append(e.text, '-'), part)
	}
	e.text = append(e.text, '"')
	return nil
}

func (e *encoder) string(v reflect.Value) error { return e.quote(v.String()) }

func (e *encoder) quote(s string) error {
	if !plain(s) {
		return e.other(s)
	}
	e.text = append(append(append(e.text, '"'), s...), '"')
	return nil
}

func (e *encoder) bool(v reflect.Value) error {
	e.text = strconv.AppendBool(e.text, v.Bool())
	return nil
}

func (e *encoder) int(v reflect.Value) error {
	e.text = strconv.AppendInt(e.text, v.Int(), 10)
	return nil
}

// plain reports whether a text has nothing that JSON escapes.
func plain(s string) bool {
	ascii := true
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c == '"', c == '\\':
			return false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return ascii || utf8.ValidString(s) && !strings.ContainsAny(s, "\u2028\u2029")
}
