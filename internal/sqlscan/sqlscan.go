// Package sqlscan scans rows of pgx into what Ent scans rows of database/sql into, with the
// same results. Most values go from the server's bytes to their place, without the
// [driver.Value] between them. What is left takes the same way as in database/sql on pgx;
// a test compares the two.
package sqlscan

import (
	"bytes"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// Formats are the formats of a query's results, for its first argument: those of pgx for
// database/sql, and the binary format of UUIDs.
var Formats = pgx.QueryResultFormatsByOID{
	pgtype.BoolOID:        pgtype.BinaryFormatCode,
	pgtype.ByteaOID:       pgtype.BinaryFormatCode,
	pgtype.CIDOID:         pgtype.BinaryFormatCode,
	pgtype.DateOID:        pgtype.BinaryFormatCode,
	pgtype.Float4OID:      pgtype.BinaryFormatCode,
	pgtype.Float8OID:      pgtype.BinaryFormatCode,
	pgtype.Int2OID:        pgtype.BinaryFormatCode,
	pgtype.Int4OID:        pgtype.BinaryFormatCode,
	pgtype.Int8OID:        pgtype.BinaryFormatCode,
	pgtype.OIDOID:         pgtype.BinaryFormatCode,
	pgtype.TimestampOID:   pgtype.BinaryFormatCode,
	pgtype.TimestamptzOID: pgtype.BinaryFormatCode,
	pgtype.UUIDOID:        pgtype.BinaryFormatCode,
	pgtype.XIDOID:         pgtype.BinaryFormatCode,
}

// Can reports whether [Scan] can scan into dest: into a [sql.Scanner] and into bytes.
func Can(dest any) bool {
	switch dest.(type) {
	case sql.Scanner, *[]byte:
		return true
	}
	return false
}

// New returns what a column that isn't known is scanned into, as Ent chooses it.
func New(column *pgconn.FieldDescription) any {
	switch column.DataTypeOID {
	case pgtype.BoolOID:
		return new(sql.NullBool)
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID:
		return new(sql.NullInt64)
	case pgtype.Float4OID, pgtype.Float8OID, pgtype.NumericOID:
		return new(sql.NullFloat64)
	case pgtype.DateOID, pgtype.TimestampOID, pgtype.TimestamptzOID:
		return new(sql.NullTime)
	case pgtype.ByteaOID:
		return new([]byte)
	}
	return new(sql.NullString)
}

// Scan scans the value of a column into dest. Raw is nil for NULL, and may be reused once
// Scan has returned.
func Scan(types *pgtype.Map, column *pgconn.FieldDescription, raw []byte, dest any) error {
	if raw != nil && fast(types, column, raw, dest) {
		return nil
	}
	value, err := driverValue(types, column, raw)
	if err != nil {
		return err
	}
	if dest, ok := dest.(sql.Scanner); ok {
		return dest.Scan(value)
	}
	var converted sql.Null[[]byte] // whose Scan converts as that of database/sql's rows does
	err = converted.Scan(value)
	*dest.(*[]byte) = converted.V //nolint:forcetypeassert // see Can
	return err
}

// fast scans a value that needs no conversion, and reports whether it could.
func fast(types *pgtype.Map, column *pgconn.FieldDescription, raw []byte, dest any) bool {
	isBinary := column.Format == pgtype.BinaryFormatCode
	switch dest := dest.(type) {
	case *sql.NullString:
		switch column.DataTypeOID {
		case pgtype.TextOID, pgtype.VarcharOID:
			dest.String, dest.Valid = string(raw), true
			return true
		}
	case *uuid.UUID:
		if isBinary && column.DataTypeOID == pgtype.UUIDOID && len(raw) == len(dest) {
			copy(dest[:], raw)
			return true
		}
	case *sql.NullInt64:
		n, ok := integer(column, raw)
		if ok {
			dest.Int64, dest.Valid = n, true
		}
		return ok
	case *sql.NullTime:
		if isBinary && column.DataTypeOID == pgtype.TimestamptzOID && len(raw) == 8 {
			dest.Time, dest.Valid = timestamp(types, int64(binary.BigEndian.Uint64(raw))) //nolint:gosec // the bits of an int64
			return dest.Valid
		}
	case *sql.NullBool:
		if isBinary && column.DataTypeOID == pgtype.BoolOID && len(raw) == 1 {
			dest.Bool, dest.Valid = raw[0] != 0, true
			return true
		}
	case *sql.NullFloat64:
		if isBinary && column.DataTypeOID == pgtype.Float8OID && len(raw) == 8 {
			dest.Float64, dest.Valid = math.Float64frombits(binary.BigEndian.Uint64(raw)), true
			return true
		}
	case *[]byte:
		switch column.DataTypeOID {
		case pgtype.JSONOID, pgtype.JSONBOID:
			*dest = bytes.Clone(raw)
			return !isBinary
		}
	}
	return false
}

// timestamp returns the time of a timestamptz, which is in microseconds since the year
// 2000, in the location that the codec of these types has. Infinity has none.
func timestamp(types *pgtype.Map, microseconds int64) (t time.Time, ok bool) {
	if microseconds == math.MaxInt64 || microseconds == math.MinInt64 {
		return t, false
	}
	known, ok := types.TypeForOID(pgtype.TimestamptzOID)
	if !ok {
		return t, false
	}
	codec, ok := known.Codec.(*pgtype.TimestamptzCodec)
	if !ok {
		return t, false
	}
	t = time.Unix(year2000+microseconds/1e6, microseconds%1e6*1e3)
	if codec.ScanLocation != nil {
		t = t.In(codec.ScanLocation)
	}
	return t, true
}

// year2000 is the year's beginning, in seconds since 1970.
const year2000 = 946_684_800

// integer returns the value of a column of an integer type.
func integer(column *pgconn.FieldDescription, raw []byte) (int64, bool) {
	if column.Format != pgtype.BinaryFormatCode {
		return 0, false
	}
	switch {
	case column.DataTypeOID == pgtype.Int8OID && len(raw) == 8:
		return int64(binary.BigEndian.Uint64(raw)), true //nolint:gosec // the bits of an int64
	case column.DataTypeOID == pgtype.Int4OID && len(raw) == 4:
		return int64(int32(binary.BigEndian.Uint32(raw))), true //nolint:gosec // the bits of an int32
	case column.DataTypeOID == pgtype.Int2OID && len(raw) == 2:
		return int64(int16(binary.BigEndian.Uint16(raw))), true //nolint:gosec // the bits of an int16
	}
	return 0, false
}

// driverValue returns the value that pgx gives database/sql.
func driverValue(types *pgtype.Map, column *pgconn.FieldDescription, raw []byte) (driver.Value, error) {
	if raw == nil {
		return nil, nil
	}
	switch column.DataTypeOID {
	case pgtype.BoolOID:
		return decode[bool](types, column, raw)
	case pgtype.ByteaOID, pgtype.JSONOID, pgtype.JSONBOID, pgtype.XMLOID:
		return decode[[]byte](types, column, raw)
	case pgtype.Float4OID:
		f, err := decode[float32](types, column, raw)
		return float64(f), err
	case pgtype.Float8OID:
		return decode[float64](types, column, raw)
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID:
		return decode[int64](types, column, raw)
	case pgtype.CIDOID, pgtype.OIDOID, pgtype.XIDOID:
		return valueOf[pgtype.Uint32](types, column, raw)
	case pgtype.DateOID:
		return valueOf[pgtype.Date](types, column, raw)
	case pgtype.TimestampOID:
		return valueOf[pgtype.Timestamp](types, column, raw)
	case pgtype.TimestamptzOID:
		return valueOf[pgtype.Timestamptz](types, column, raw)
	}
	return decode[string](types, column, raw)
}

// decode decodes a value as a T.
func decode[T any](types *pgtype.Map, column *pgconn.FieldDescription, raw []byte) (value T, err error) {
	err = types.PlanScan(column.DataTypeOID, column.Format, &value).Scan(raw, &value)
	return value, err
}

// valueOf decodes a value as a T, and returns what that is for database/sql.
func valueOf[T driver.Valuer](types *pgtype.Map, column *pgconn.FieldDescription, raw []byte) (driver.Value, error) {
	value, err := decode[T](types, column, raw)
	if err != nil {
		return nil, err
	}
	return value.Value()
}

// Error is the error of a column that can't be scanned, as that of database/sql.
func Error(index int, column *pgconn.FieldDescription, err error) error {
	return fmt.Errorf("sql: Scan error on column index %d, name %q: %w", index, column.Name, err)
}
