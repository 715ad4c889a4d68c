package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"commitment/internal/pgtx"
)

// registerTypes teaches a connection the types that pgx doesn't know, or takes for
// others.
func registerTypes(ctx context.Context, conn *pgx.Conn) error {
	types := conn.TypeMap()
	// Times are UTC everywhere, whatever the zone of the machine or the session.
	types.RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	types.RegisterType(&pgtype.Type{Name: "uuid", OID: pgtype.UUIDOID, Codec: uuidCodec{}})
	encodeUnsigned(types)
	return registerTexts(ctx, conn.PgConn(), types)
}

// registerTexts has a connection know what is text in the database: its enums, its
// domains over text, citext. Of a type that it doesn't know pgx goes by the Go value,
// and sends the bytes of a [driver.Valuer] as \x… . PostgreSQL's own types have OIDs
// below 16384. Types that are made later are known to the next connection.
func registerTexts(ctx context.Context, conn *pgconn.PgConn, types *pgtype.Map) error {
	const query = `SELECT oid, typname FROM pg_catalog.pg_type WHERE typcategory IN ('S', 'E') AND oid >= 16384`
	results, err := conn.Exec(ctx, query).ReadAll()
	if _, refused := errors.AsType[*pgconn.PgError](err); refused && !pgtx.IsConnectionError(err) {
		return nil // as a statement timeout does
	}
	if err != nil {
		return err
	}
	for _, row := range results[0].Rows {
		oid, err := strconv.ParseUint(string(row[0]), 10, 32)
		if err != nil {
			return fmt.Errorf("read the types: %w", err)
		}
		types.RegisterType(&pgtype.Type{Name: string(row[1]), OID: uint32(oid), Codec: pgtype.TextCodec{}})
	}
	return nil
}
