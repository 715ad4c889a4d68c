package postgres

import (
	"math"
	"math/big"

	"github.com/jackc/pgx/v5/pgtype"

	"commitment/internal/fault"
)

// encodeUnsigned makes a connection return a fault for an unsigned number that is out of
// bigint's range and has to be sent as one. Pgx's own error could be told from a defect
// only by its text.
func encodeUnsigned(types *pgtype.Map) {
	types.TryWrapEncodePlanFuncs = append([]pgtype.TryWrapEncodePlanFunc{wrapUnsigned}, types.TryWrapEncodePlanFuncs...)
}

// wrapUnsigned is a [pgtype.TryWrapEncodePlanFunc].
func wrapUnsigned(value any) (plan pgtype.WrappedEncodePlanNextSetter, next any, ok bool) {
	n, ok := unsignedOf(value)
	return &unsignedPlan{}, n, ok
}

func unsignedOf(value any) (unsigned, bool) {
	switch n := value.(type) {
	case uint64:
		return unsigned(n), true
	case uint:
		return unsigned(n), true
	}
	return 0, false
}

// unsignedPlan encodes a uint64 or a uint as an unsigned.
type unsignedPlan struct{ next pgtype.EncodePlan }

// SetNext sets the plan for the unsigned.
func (p *unsignedPlan) SetNext(next pgtype.EncodePlan) { p.next = next }

// Encode appends the value to buf.
func (p *unsignedPlan) Encode(value any, buf []byte) ([]byte, error) {
	n, _ := unsignedOf(value)
	return p.next.Encode(n, buf)
}

// unsigned is a number with the methods that pgx's codecs look for.
type unsigned uint64

// SkipUnderlyingTypePlan keeps pgx from treating it as a uint64.
func (unsigned) SkipUnderlyingTypePlan() {}

// Int64Value implements [pgtype.Int64Valuer].
func (n unsigned) Int64Value() (pgtype.Int8, error) {
	if n > math.MaxInt64 {
		return pgtype.Int8{}, fault.New(fault.Invalid, "", "a value is out of its range")
	}
	return pgtype.Int8{Int64: int64(n), Valid: true}, nil
}

// NumericValue implements [pgtype.NumericValuer].
func (n unsigned) NumericValue() (pgtype.Numeric, error) {
	return pgtype.Numeric{Int: new(big.Int).SetUint64(uint64(n)), Valid: true}, nil
}
