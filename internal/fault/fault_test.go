package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/fault"
)

var taken = fault.New(fault.Conflict, "name-taken", "this name is taken")

func TestIs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		err    error
		target error
		want   bool
	}{
		{"finds itself", taken, taken, true},
		{"finds the template of a copy with a cause", taken.With(io.EOF), taken, true},
		{"finds the original of a copy that names a field", taken.At("/name"), taken, true},
		{"finds a copy of the same template", taken.With(io.EOF), taken.At("/name"), true},
		{"finds a wrapped one", fmt.Errorf("open product: %w", taken.With(io.EOF)), taken, true},
		{"finds the cause", taken.With(fmt.Errorf("read: %w", io.EOF)), io.EOF, true},
		{"finds the cause", fault.New(fault.Unknown, "", "lost").With(taken), taken, true},
		{"tells kinds apart", fault.New(fault.Invalid, taken.Code, taken.Message), taken, false},
		{"tells codes apart", fault.New(taken.Kind, "", taken.Message), taken, false},
		{"tells sentences apart", fault.New(taken.Kind, taken.Code, "another"), taken, false},
		{"tells other errors apart", taken, errors.New(taken.Message), false},
		{"finds no cause where none is", taken, io.EOF, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := errors.Is(tt.err, tt.target); got != tt.want {
				t.Errorf("Is(%v, %v) = %v, want %v", tt.err, tt.target, got, tt.want)
			}
		})
	}
}

func TestCopiesLeaveTheOriginalAlone(t *testing.T) {
	t.Parallel()
	template := fault.New(fault.Invalid, "too-long", "this is too long")
	before := *template
	first := template.At("/a").At("/b").At("/c") // as many as leave room behind them in the slice
	second, third := first.At("/d"), first.At("/e").With(io.EOF)
	fields := func(pointers ...string) (blamed []fault.Field) {
		for _, pointer := range pointers {
			blamed = append(blamed, fault.Field{Pointer: pointer, Message: "this is too long"})
		}
		return blamed
	}
	for _, tt := range []struct {
		name   string
		got    *fault.Error
		fields []fault.Field
		cause  error
	}{
		{"first", first, fields("/a", "/b", "/c"), nil},
		{"second", second, fields("/a", "/b", "/c", "/d"), nil},
		{"third", third, fields("/a", "/b", "/c", "/e"), io.EOF},
		{"third with another cause", third.With(io.ErrUnexpectedEOF), fields("/a", "/b", "/c", "/e"), io.ErrUnexpectedEOF},
	} {
		if diff := cmp.Diff(tt.fields, tt.got.Fields); diff != "" {
			t.Errorf("%s: fields (-want +got):\n%s", tt.name, diff)
		}
		if tt.got.Cause != tt.cause { //nolint:errorlint // the very error
			t.Errorf("%s: cause = %v, want %v", tt.name, tt.got.Cause, tt.cause)
		}
	}
	if diff := cmp.Diff(before, *template); diff != "" {
		t.Errorf("template (-before +after):\n%s", diff)
	}
}

func TestErrorTextIsForTheLog(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want string
	}{
		{taken, "this name is taken"},
		{taken.At("/name"), "this name is taken"},
		{taken.With(io.EOF), "this name is taken: EOF"},
	} {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("Error() = %q, want %q", got, tt.want)
		}
	}
}

func TestZeroKindIsInternal(t *testing.T) {
	t.Parallel()
	if got := (&fault.Error{}).Kind; got != fault.Internal {
		t.Errorf("kind = %v, want %v", got, fault.Internal)
	}
}
