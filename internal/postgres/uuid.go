package postgres

import (
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
)

// uuidCodec extends pgx's codec by Go types: [uuid.UUID] and a pointer to one, which pgx
// would treat as any [driver.Valuer] and send as text; and the bytes of a Valuer, of which pgx would take
// the first 16 even if they are a UUID's text.
type uuidCodec struct{ pgtype.UUIDCodec }

// PlanEncode returns how to encode values of value's type.
func (c uuidCodec) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	switch value.(type) {
	case uuid.UUID, *uuid.UUID:
		if format == pgtype.BinaryFormatCode {
			return uuidPlan{}
		}
	case []byte:
		return uuidBytesPlan{format}
	}
	return c.UUIDCodec.PlanEncode(m, oid, format, value)
}

type uuidPlan struct{}

// Encode appends a [uuid.UUID] to buf, or that of a pointer; nil is NULL.
func (uuidPlan) Encode(value any, buf []byte) ([]byte, error) {
	switch id := value.(type) {
	case uuid.UUID:
		buf = append(buf, id[:]...)
	case *uuid.UUID:
		if id == nil {
			return nil, nil
		}
		buf = append(buf, id[:]...)
	}
	return buf, nil
}

type uuidBytesPlan struct{ format int16 }

// Encode appends a UUID to buf, given as 16 bytes or as text.
func (p uuidBytesPlan) Encode(value any, buf []byte) ([]byte, error) {
	bytes := value.([]byte) //nolint:forcetypeassert // the plan is for that type
	if bytes == nil {
		return nil, nil
	}
	id, err := uuid.FromBytes(bytes)
	if err != nil {
		id, err = uuid.ParseBytes(bytes)
	}
	if err != nil {
		return nil, err
	}
	if p.format == pgtype.TextFormatCode {
		return append(buf, id.String()...), nil
	}
	return append(buf, id[:]...), nil
}
