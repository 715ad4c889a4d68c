package postgres_test

import (
	"errors"
	"math"
	"testing"

	"commitment/internal/fault"
	"commitment/internal/pgtest"
	"commitment/internal/postgres"
)

func TestUnsignedNumbers(t *testing.T) {
	t.Parallel()
	type named uint64
	db := open(t, postgres.Options{URL: pgtest.EmptyURL(t)})
	for _, tt := range []struct {
		cast string
		in   any
		want string // empty when it is out of range
	}{
		{"bigint", uint64(0), "0"},
		{"bigint", uint64(math.MaxInt64), "9223372036854775807"},
		{"bigint", uint64(math.MaxInt64 + 1), ""},
		{"bigint", uint64(math.MaxUint64), ""},
		{"bigint", uint(math.MaxUint64), ""},
		{"bigint", named(math.MaxUint64), ""},
		{"bigint", uint(7), "7"},
		{"bigint", named(7), "7"},
		{"integer", uint64(7), "7"},
		{"numeric", uint64(math.MaxUint64), "18446744073709551615"},
		{"numeric", uint(7), "7"},
		{"double precision", uint64(7), "7"},
	} {
		var got string
		err := db.QueryRowContext(t.Context(), "SELECT ($1::"+tt.cast+")::text", tt.in).Scan(&got)
		classified, invalid := errors.AsType[*fault.Error](postgres.Constraints{}.Classify(err))
		switch {
		case tt.want == "" && (!invalid || classified.Kind != fault.Invalid):
			t.Errorf("%T %v as %s: err = %v, want an invalid value", tt.in, tt.in, tt.cast, err)
		case tt.want != "" && (err != nil || got != tt.want):
			t.Errorf("%T %v as %s = %q, %v, want %s", tt.in, tt.in, tt.cast, got, err, tt.want)
		}
	}
}
