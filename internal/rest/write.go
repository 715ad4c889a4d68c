package rest

import (
	"reflect"
	"time"

	"commitment/internal/fault"
)

// SetID gives what is to be created an id that ParseID returned.
func (r *Erased) SetID(in, id any) {
	to := member(in, r.Table.ID().Name)
	if to.Kind() == reflect.Pointer {
		to.Set(reflect.New(to.Type().Elem()))
		to = to.Elem()
	}
	to.Set(reflect.ValueOf(id).Convert(to.Type()))
}

// FormatID is the id of what clients read, as in a path.
func (r *Erased) FormatID(view any) string {
	text, _ := format(member(view, r.Table.ID().Name))
	return text
}

// Replacement is the patch by which an entity becomes what a client sent as the whole of
// it. Fields that never change have to be what they are.
func (r *Erased) Replacement(view, in any) (patch any, err error) {
	patch = reflect.New(r.PatchType).Interface()
	var wrong []fault.Field
	for i := range r.Table.Fields {
		f := &r.Table.Fields[i]
		switch {
		case f.Is(Patchable):
			value, null := value(member(in, f.Name))
			change := member(patch, f.Name)
			change.FieldByName("Set").SetBool(true)
			if null && f.Is(Nullable) {
				change.FieldByName("Null").SetBool(true)
			} else {
				change.FieldByName("Value").Set(value)
			}
		case f.Is(Creatable|Readable) && f != r.Table.ID():
			if !equal(member(in, f.Name), member(view, f.Name)) {
				wrong = append(wrong, fault.Field{Pointer: "/" + f.Name, Message: "can't be changed"})
			}
		}
	}
	if len(wrong) > 0 {
		return patch, invalid(wrong...)
	}
	return patch, nil
}

// Changes reports whether a patch would change what clients read, or something that they
// can't read.
func (r *Erased) Changes(view, patch any) bool {
	for i := range r.Table.Fields {
		f := &r.Table.Fields[i]
		if !f.Is(Patchable) {
			continue
		}
		change := member(patch, f.Name)
		if !change.FieldByName("Set").Bool() {
			continue
		}
		if !f.Is(Readable) {
			return true
		}
		to := change.FieldByName("Value")
		if f.Is(Nullable) && change.FieldByName("Null").Bool() {
			to = reflect.Zero(member(view, f.Name).Type())
		}
		if !equal(to, member(view, f.Name)) {
			return true
		}
	}
	return false
}

// value is what v points to, if it is a pointer, and whether there is nothing.
func value(v reflect.Value) (to reflect.Value, null bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return reflect.Zero(v.Type().Elem()), true
		}
		return v.Elem(), false
	case reflect.Slice, reflect.Map, reflect.Interface:
		return v, v.IsNil()
	default:
		return v, false
	}
}

// equal reports whether two members are equal, be they pointers or not.
func equal(a, b reflect.Value) bool {
	x, noX := value(a)
	y, noY := value(b)
	if noX || noY {
		return noX == noY
	}
	if s, ok := reflect.TypeAssert[time.Time](x); ok {
		t, ok := reflect.TypeAssert[time.Time](y)
		return ok && s.Equal(t)
	}
	return reflect.DeepEqual(x.Interface(), y.Interface())
}
