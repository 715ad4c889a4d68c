package rest

import (
	"context"
	"errors"
	"testing"

	"entgo.io/ent"
	"entgo.io/ent/dialect/sql"
)

type row struct{}

func (*row) Value(string) (ent.Value, error) { return nil, nil }

func TestAGetterStandsInForOneFunctionOnly(t *testing.T) {
	t.Parallel()
	all := func(context.Context, func(*sql.Selector)) ([]*row, error) { return nil, nil }
	other := func(context.Context, func(*sql.Selector)) ([]*row, error) { return []*row{{}}, nil }
	errMissing, errOther := errors.New("missing"), errors.New("other")
	var result error
	getter := Get(all, func(context.Context, any) (*row, error) { return &row{}, result }, func(err error) bool { return errors.Is(err, errMissing) })
	if getter.insteadOf(other) != nil || (Getter[*row]{}).insteadOf(all) != nil {
		t.Error("a getter is used by a resource that reads with another function")
	}
	get := getter.insteadOf(all)
	if get == nil {
		t.Fatal("the getter isn't used")
	}
	for _, tt := range []struct {
		err   error
		found bool
		want  error
	}{{nil, true, nil}, {errMissing, false, nil}, {errOther, false, errOther}} {
		result = tt.err
		if e, found, err := get(t.Context(), 1); found != tt.found || !errors.Is(err, tt.want) || (e != nil) != tt.found {
			t.Errorf("entity of %v = %v, %v, %v, want found %v, error %v", tt.err, e, found, err, tt.found, tt.want)
		}
	}
}
