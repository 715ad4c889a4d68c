package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"time"

	"entgo.io/ent"

	"commitment/internal/fault"
)

// Optional is a member of a patch that has a value in every entity: it is set or left.
type Optional[T any] struct {
	Value T
	Set   bool
}

// UnmarshalJSON is called when the patch has the member.
func (o *Optional[T]) UnmarshalJSON(data []byte) error {
	o.Set = true
	return json.Unmarshal(data, &o.Value)
}

// Clearable is a member of a patch that an entity can be without: it is set, cleared by
// null, or left.
type Clearable[T any] struct {
	Value T
	Set   bool
	Null  bool
}

// UnmarshalJSON is called when the patch has the member.
func (n *Clearable[T]) UnmarshalJSON(data []byte) error {
	n.Set, n.Null = true, bytes.Equal(data, []byte("null"))
	return json.Unmarshal(data, &n.Value)
}

// given is what the members of patches say of themselves.
type given interface {
	given() (value any, ok bool)
}

func (o Optional[T]) given() (any, bool)  { return o.Value, o.Set }
func (n Clearable[T]) given() (any, bool) { return n.Value, n.Set && !n.Null }

// Wrong says what is wrong with a member of what a client sends to create or to change
// something, by its Go type and by the schema's validators; "" if nothing is.
func Wrong(body any, f *Field, text []byte) string {
	to, ok := lookup(body, f.Name)
	if !ok {
		return ""
	}
	read := reflect.New(to.Type())
	if err := json.Unmarshal(text, read.Interface()); err != nil {
		if _, unfit := errors.AsType[*json.UnmarshalTypeError](err); unfit {
			return "expected a value in range; a number, in plain digits"
		}
		return Reason(err)
	}
	v, null := value(read.Elem())
	if null {
		return ""
	}
	checked := v.Interface()
	if change, ok := checked.(given); ok {
		if checked, ok = change.given(); !ok {
			return ""
		}
	}
	if t, ok := checked.(time.Time); ok && timeProblem(t) != "" {
		return timeProblem(t)
	}
	if f.Check == nil {
		return ""
	}
	if err := f.Check(checked); err != nil {
		return Reason(err)
	}
	return ""
}

// Round makes the times in what a client sends what PostgreSQL keeps of them, so that the
// response has what is read later: microseconds, in UTC. It reports false if one is out of
// range, for which [Wrong] says the rest.
func Round(body any, fields []Field) (ok bool) {
	ok = true
	for i := range fields {
		if fields[i].Kind != Time || fields[i].Access&(Creatable|Patchable) == 0 {
			continue
		}
		v, found := lookup(body, fields[i].Name)
		if !found {
			continue
		}
		if v.Kind() == reflect.Struct && v.Type().Implements(reflect.TypeFor[given]()) {
			v = v.FieldByName("Value")
		}
		if v, null := value(v); !null {
			if t, is := reflect.TypeAssert[time.Time](v); is {
				ok = ok && timeProblem(t) == ""
				v.Set(reflect.ValueOf(t.UTC().Truncate(time.Microsecond)))
			}
		}
	}
	return ok
}

// Check makes a field's check of one of the schema's validators, which are known once
// the program runs.
func Check[T any](validator *func(T) error) func(any) error {
	return func(value any) error {
		v, ok := value.(T)
		if !ok { // a type of the schema's own
			v = reflect.ValueOf(value).Convert(reflect.TypeFor[T]()).Interface().(T)
		}
		return (*validator)(v)
	}
}

// Validate is the check of a field whose type checks itself.
func Validate(value any) error {
	if v, ok := value.(interface{ Validate() error }); ok {
		return v.Validate()
	}
	return nil
}

// Invalid is the error of a mutation that Ent's validators refused: Ent stops at the
// first, and this says all. It looks at the mutation as the schema's hooks left it.
func Invalid(err error, m ent.Mutation, fields []Field) error {
	var wrong []fault.Field
	for i := range fields {
		f := &fields[i]
		value, given := m.Field(f.Name)
		switch {
		case !given && f.Is(Required) && m.Op().Is(ent.OpCreate):
			wrong = append(wrong, fault.Field{Pointer: "/" + f.Name, Message: "is required"})
		case given && f.Check != nil:
			if refused := f.Check(value); refused != nil {
				wrong = append(wrong, fault.Field{Pointer: "/" + f.Name, Message: Reason(refused)})
			}
		}
	}
	if len(wrong) == 0 {
		return err // of something that clients don't know
	}
	e := fault.New(fault.Invalid, "", "validation failed").With(err)
	e.Fields = wrong
	return e
}

// Reason is what may be shown of the error of a validator. It knows nothing but the value,
// so what it says itself is about that; an error of something else that it wraps, or one
// that is no sentence any more, isn't shown.
func Reason(err error) string {
	const maxLen = 200
	if wraps(err) || len(err.Error()) > maxLen {
		return "a value isn't valid"
	}
	return err.Error()
}

// wraps reports whether err has other errors inside.
func wraps(err error) bool {
	switch err.(type) { //nolint:errorlint // what this very error is
	case interface{ Unwrap() error }, interface{ Unwrap() []error }:
		return true
	}
	return false
}
