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

// registerTypes registers the types that pgx doesn't know, or encodes otherwise.
func registerTypes(ctx context.Context, conn *pgx.Conn) error {
	types := conn.TypeMap()
	// Times are UTC everywhere, whatever the time zone of the machine or the session.
	types.RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	types.RegisterType(&pgtype.Type{Name: "uuid", OID: pgtype.UUIDOID, Codec: uuidCodec{}})
	encodeUnsigned(types)
	return registerTexts(ctx, conn.PgConn(), types)
}

// registerTexts registers the database's own types that are text: enums, domains over
// text, citext. The encoding of an unknown type would depend on the Go value, and the
// bytes of a [driver.Valuer] would be sent as \x… . PostgreSQL's built-in types have OIDs
// below 16384. Types that are created later are known to new connections.
func registerTexts(ctx context.Context, conn *pgconn.PgConn, types *pgtype.Map) error {
	const query = `SELECT oid, typname FROM pg_catalog.pg_type WHERE typcategory IN ('S', 'E') AND oid >= 16384`
	results, err := conn.Exec(ctx, query).ReadAll()
	if _, refused := errors.AsType[*pgconn.PgError](err); refused && !pgtx.IsConnectionError(err) {
		return nil // canceled by a statement timeout, for example
	}
	if err != nil {
		return err
	}
	for _, row := range results[0].Rows {
		oid, err := strconv.ParseUint(string(row[0]), 10, 32)
		if err != nil {
			return fmt.Errorf("read types: %w", err)
		}
		types.RegisterType(&pgtype.Type{Name: string(row[1]), OID: uint32(oid), Codec: pgtype.TextCodec{}})
	}
	return nil
}
