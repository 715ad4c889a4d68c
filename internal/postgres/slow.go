package postgres

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/sqltoken"
)

// slow logs statements that take long, COMMIT included, without arguments and constants.
type slow struct {
	log   *slog.Logger
	after time.Duration
}

// maxSlowText limits the text that is logged, in bytes.
const maxSlowText = 2 << 10

// startedStatement is the statement in progress, in the context between start and end.
type startedStatement struct {
	sql   string
	start time.Time
}

type startedKey struct{}

// TraceQueryStart notes the statement and the time.
func (slow) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return context.WithValue(ctx, startedKey{}, startedStatement{data.SQL, time.Now()})
}

// TraceBatchStart notes the statements that are sent together, and the time.
func (s slow) TraceBatchStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	var texts []string
	for _, q := range data.Batch.QueuedQueries {
		texts = append(texts, q.SQL)
	}
	return s.TraceQueryStart(ctx, conn, pgx.TraceQueryStartData{SQL: strings.Join(texts, "; ")})
}

// TraceBatchQuery does nothing: the statements aren't timed apart.
func (slow) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd logs the statements if they were slow.
func (s slow) TraceBatchEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchEndData) {
	s.TraceQueryEnd(ctx, conn, pgx.TraceQueryEndData{Err: data.Err})
}

// TraceQueryEnd logs the statement if it was slow.
func (s slow) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	started, _ := ctx.Value(startedKey{}).(startedStatement)
	duration := time.Since(started.start)
	if duration < s.after {
		return
	}
	attrs := []slog.Attr{
		slog.String("sql", sqltoken.Redact(started.sql, maxSlowText)),
		slog.Duration("duration", duration),
		slog.Int64("rows", data.CommandTag.RowsAffected()),
	}
	if pgErr, ok := errors.AsType[*pgconn.PgError](data.Err); ok {
		attrs = append(attrs, slog.String("sqlstate", pgErr.Code)) // its text may have values in it
	}
	s.log.LogAttrs(ctx, slog.LevelWarn, "slow statement", attrs...)
}
