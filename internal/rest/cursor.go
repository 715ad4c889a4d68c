package rest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"

	"commitment/internal/fault"
)

var (
	// ErrCursor says that the value of after or before is none of this list's.
	ErrCursor = fault.New(fault.Malformed, "bad-cursor", "this is no cursor of a page of this list")

	errChanged = fault.New(fault.Malformed, "bad-cursor", "the cursor is of a list with another order or other filters")
)

// A token is where a page begins: the values of the order's keys in the row before it,
// after a digest of what the list was. It is no secret, and grants nothing: a client
// could ask for the same rows with filters.
const maxToken = 8 << 10 // in bytes

// digest tells lists apart in which a cursor means something else.
func (q *Query) digest() string {
	const usual = 256 // bytes
	text := append(append(make([]byte, 0, usual), q.scope...), 0)
	for _, k := range q.order {
		text = append(append(text, k.Name...), 0)
		if k.Desc {
			text = append(text, '-', 0)
		}
	}
	if q.deleted {
		text = append(text, "show_deleted\x00"...)
	}
	for _, c := range q.where {
		text = append(append(append(append(text, c.name...), '='), c.text...), 0)
	}
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// token is the cursor at what a client reads of a row. It fails where the row has a text
// that no cursor has room for.
func (q *Query) token(view any) (string, error) {
	e := encoders.Get().(*encoder)
	defer e.release()
	e.text = append(append(append(e.text, `["`...), q.digest()...), '"')
	for _, k := range q.order {
		e.text = append(e.text, ',')
		if text, null := format(member(view, k.Name)); null {
			e.text = append(e.text, "null"...)
		} else if err := e.quote(text); err != nil {
			return "", err
		}
	}
	e.text = append(e.text, ']')
	token := base64.RawURLEncoding.EncodeToString(e.text)
	if len(token) > maxToken {
		return "", invalid(fault.Field{Pointer: "sort", Message: "a row has too long a text to continue after it: sort by something else"})
	}
	return token, nil
}

// open reads the cursor, if there is one.
func (q *Query) open(after, before string) error {
	name, token := "after", after
	if q.backward {
		name, token = "before", before
	}
	if token == "" {
		return nil
	}
	var parts []*string
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(token) > maxToken || json.Unmarshal(text, &parts) != nil || len(parts) == 0 || parts[0] == nil {
		return ErrCursor.At(name)
	}
	if *parts[0] != q.digest() || len(parts) != 1+len(q.order) {
		return errChanged.At(name)
	}
	for i, k := range q.order {
		switch p := parts[1+i]; {
		case p == nil && k.Is(Nullable):
			q.cursor = append(q.cursor, nil)
		case p == nil:
			return ErrCursor.At(name)
		default:
			value, problem := k.parseStored(*p)
			if problem != "" {
				return ErrCursor.At(name)
			}
			q.cursor = append(q.cursor, value)
		}
	}
	return nil
}

// values are those of fields in what a client reads, as an object.
func values(view any, names []string) Object {
	o := Object{Names: names, Values: make([]any, len(names))}
	for i, name := range names {
		o.Values[i] = member(view, name).Interface()
	}
	return o
}

// Object is a JSON object with its members in this order.
type Object struct {
	Names  []string
	Values []any
}

// MarshalJSON implements [json.Marshaler].
func (o Object) MarshalJSON() ([]byte, error) {
	text := []byte{'{'}
	for i, name := range o.Names {
		if i > 0 {
			text = append(text, ',')
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(o.Values[i])
		if err != nil {
			return nil, err
		}
		text = append(append(append(text, key...), ':'), value...)
	}
	return append(text, '}'), nil
}
