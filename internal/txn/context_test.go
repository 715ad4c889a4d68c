package txn

import (
	"context"
	"errors"
	"testing"
)

type otherKey struct{}

// A unit's context is one of package context only once somebody has waited for it. It
// behaves the same before.
func TestAUnitsContextEndsAsAnyOther(t *testing.T) {
	t.Parallel()
	errCause := errors.New("cause")
	for name, tt := range map[string]struct {
		end   func(u *Unit, cancelParent context.CancelCauseFunc)
		cause error
	}{
		"closed":                      {func(u *Unit, _ context.CancelCauseFunc) { u.Close() }, context.Canceled},
		"canceled":                    {func(u *Unit, _ context.CancelCauseFunc) { u.CancelContext(errCause) }, errCause},
		"canceled, then closed":       {func(u *Unit, _ context.CancelCauseFunc) { u.CancelContext(errCause); u.Close() }, errCause},
		"canceled, then its parent":   {func(u *Unit, parent context.CancelCauseFunc) { u.CancelContext(errCause); parent(errors.New("later")) }, errCause},
		"its parent":                  {func(_ *Unit, parent context.CancelCauseFunc) { parent(errCause) }, errCause},
		"its parent, then itself":     {func(u *Unit, parent context.CancelCauseFunc) { parent(errCause); u.Close() }, errCause},
		"its parent with no cause":    {func(_ *Unit, parent context.CancelCauseFunc) { parent(nil) }, context.Canceled},
		"closed, whatever was before": {func(u *Unit, _ context.CancelCauseFunc) { u.Rollback(); u.Close() }, context.Canceled},
	} {
		for _, waited := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				parent, cancelParent := context.WithCancelCause(context.WithValue(t.Context(), otherKey{}, "value"))
				defer cancelParent(nil)
				ctx, unit, err := New(nil, Options{}).Begin(parent, ReadWrite, 1)
				if err != nil {
					t.Fatal(err)
				}
				defer unit.Close()
				called := make(chan struct{})
				var before context.Context
				if waited {
					var cancel context.CancelFunc
					before, cancel = context.WithCancel(context.WithValue(ctx, otherKey{}, "of a child"))
					defer cancel()
					context.AfterFunc(ctx, func() { close(called) })
				}
				if ctx.Err() != nil || context.Cause(ctx) != nil {
					t.Fatalf("error = %v, cause %v, want none before the end", ctx.Err(), context.Cause(ctx))
				}
				tt.end(unit, cancelParent)
				after, cancel := context.WithCancel(ctx)
				defer cancel()
				for _, c := range []context.Context{ctx, before, after} {
					if c == nil {
						continue
					}
					<-c.Done()
					if !errors.Is(c.Err(), context.Canceled) || !errors.Is(context.Cause(c), tt.cause) {
						t.Errorf("error = %v, cause %v, want %v and %v", c.Err(), context.Cause(c), context.Canceled, tt.cause)
					}
				}
				if waited {
					<-called
				}
				if ctx.Value(otherKey{}) != "value" || fromContext(after) != unit {
					t.Error("the context has lost its values")
				}
			})
		}
	}
}

func TestAUnitsContextHasItsParentsDeadline(t *testing.T) {
	t.Parallel()
	parent, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	ctx, unit, err := New(nil, Options{}).Begin(parent, ReadWrite, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer unit.Close()
	want, _ := parent.Deadline()
	if got, ok := ctx.Deadline(); !ok || !got.Equal(want) || !errors.Is(ctx.Err(), context.DeadlineExceeded) || !errors.Is(unit.Err(), context.DeadlineExceeded) {
		t.Errorf("deadline = %v, %v, error %v, want %v", got, ok, ctx.Err(), want)
	}
	if unit.Decide(true) {
		t.Error("the unit is to be committed after its deadline")
	}
}

// Stopping the handler of a stream isn't the client's going: what was done can be committed.
func TestCancelingItsContextDoesNotDecideAboutAUnit(t *testing.T) {
	t.Parallel()
	_, unit, err := New(nil, Options{}).Begin(t.Context(), ReadWrite, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer unit.Close()
	unit.CancelContext(errors.New("shutdown"))
	if unit.Err() != nil || !unit.Decide(true) {
		t.Errorf("error = %v, want none, and a commit", unit.Err())
	}
}
