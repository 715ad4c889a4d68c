package postgres

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// registerTypes teaches a connection the types that pgx doesn't know, or takes for
// others.
func registerTypes(ctx context.Context, conn *pgconn.PgConn, types *pgtype.Map) error {
	// Times are UTC everywhere, whatever the zone of the machine or the session.
	types.RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	types.RegisterType(&pgtype.Type{Name: "uuid", OID: pgtype.UUIDOID, Codec: uuidCodec{}})
	return registerTexts(ctx, conn, types)
}

// registerTexts has a connection know what is text in the database: its enums, its
// domains over text, citext. Of a type that it doesn't know pgx goes by the Go value,
// and sends the bytes of a [driver.Valuer] as \x… . Those that are made later are
// known to the next connection.
func registerTexts(ctx context.Context, conn *pgconn.PgConn, types *pgtype.Map) error {
	const query = `SELECT oid, typname FROM pg_catalog.pg_type WHERE typcategory IN ('S', 'E') AND oid >= 16384`
	rows, err := ask(ctx, conn, query)
	if err != nil {
		return err
	}
	for _, row := range rows {
		oid, err := strconv.ParseUint(string(row[0]), 10, 32)
		if err != nil {
			return fmt.Errorf("read the types: %w", err)
		}
		types.RegisterType(&pgtype.Type{Name: string(row[1]), OID: uint32(oid), Codec: pgtype.TextCodec{}})
	}
	return nil
}

// uuidCodec is pgx's for two more types of Go: a [uuid.UUID], which pgx takes for any
// [driver.Valuer], makes a text of, fails to send as bytes, and sends as text; and the
// bytes of a Valuer, of which pgx takes the first 16 though they be the text.
type uuidCodec struct{ pgtype.UUIDCodec }

// PlanEncode is how values of value's type are sent.
func (c uuidCodec) PlanEncode(m *pgtype.Map, oid uint32, format int16, value any) pgtype.EncodePlan {
	if format == pgtype.BinaryFormatCode {
		switch value.(type) {
		case uuid.UUID:
			return uuidPlan{}
		case []byte:
			return uuidBytesPlan{}
		}
	}
	return c.UUIDCodec.PlanEncode(m, oid, format, value)
}

type uuidPlan struct{}

// Encode appends a [uuid.UUID] to buf.
func (uuidPlan) Encode(value any, buf []byte) ([]byte, error) {
	id := value.(uuid.UUID) //nolint:forcetypeassert // the plan is for that type
	return append(buf, id[:]...), nil
}

type uuidBytesPlan struct{}

// Encode appends a UUID to buf, as it is or from its text.
func (uuidBytesPlan) Encode(value any, buf []byte) ([]byte, error) {
	bytes := value.([]byte) //nolint:forcetypeassert // the plan is for that type
	if bytes == nil {
		return nil, nil
	}
	if len(bytes) == len(uuid.UUID{}) {
		return append(buf, bytes...), nil
	}
	id, err := uuid.ParseBytes(bytes)
	return append(buf, id[:]...), err
}
