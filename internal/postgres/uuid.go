package postgres

import (
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
)

// encodeUUIDs has a connection encode a [uuid.UUID] as what it is. Left alone, pgx
// takes it for any [driver.Valuer]: it makes a text of it, fails to send that as
// bytes, and sends it as text.
func encodeUUIDs(types *pgtype.Map) {
	types.TryWrapEncodePlanFuncs = append([]pgtype.TryWrapEncodePlanFunc{wrapUUID}, types.TryWrapEncodePlanFuncs...)
}

// wrapUUID is a [pgtype.TryWrapEncodePlanFunc].
func wrapUUID(value any) (plan pgtype.WrappedEncodePlanNextSetter, next any, ok bool) {
	id, ok := value.(uuid.UUID)
	return &uuidPlan{}, uuidValue(id), ok
}

// uuidPlan encodes a [uuid.UUID] as a uuidValue.
type uuidPlan struct{ next pgtype.EncodePlan }

// SetNext sets the plan for the uuidValue.
func (p *uuidPlan) SetNext(next pgtype.EncodePlan) { p.next = next }

// Encode appends the value to buf.
func (p *uuidPlan) Encode(value any, buf []byte) ([]byte, error) {
	return p.next.Encode(uuidValue(value.(uuid.UUID)), buf)
}

// uuidValue is a UUID as pgx knows them.
type uuidValue uuid.UUID

// UUIDValue is for [pgtype.UUIDCodec].
func (v uuidValue) UUIDValue() (pgtype.UUID, error) { return pgtype.UUID{Bytes: v, Valid: true}, nil }
