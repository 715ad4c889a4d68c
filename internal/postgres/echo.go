package postgres

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"commitment/internal/pgtx"
)

// echo logs every statement, including BEGIN and COMMIT, like SQLAlchemy's echo=True. It
// is for development: arguments are not redacted.
type echo struct{ log *slog.Logger }

// statement is the statement in progress, in the context between start and end.
type statement struct {
	pgx.TraceQueryStartData
	begin string // what is sent in front of it
	start time.Time
}

type statementKey struct{}

// TraceQueryStart notes the statement and the time.
func (e echo) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	s := &statement{TraceQueryStartData: data, begin: pgtx.PendingBegin(conn), start: time.Now()}
	return context.WithValue(ctx, statementKey{}, s)
}

// TraceQueryEnd logs the statement and its result.
func (e echo) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	if s, ok := ctx.Value(statementKey{}).(*statement); ok {
		e.echo(ctx, s, data)
	}
}

// TraceBatchStart notes the time.
func (e echo) TraceBatchStart(ctx context.Context, conn *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return e.TraceQueryStart(ctx, conn, pgx.TraceQueryStartData{})
}

// TraceBatchQuery logs a statement of those that were sent together, and its result.
func (e echo) TraceBatchQuery(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	if s, ok := ctx.Value(statementKey{}).(*statement); ok {
		s.SQL, s.Args = data.SQL, data.Args
		e.echo(ctx, s, pgx.TraceQueryEndData{CommandTag: data.CommandTag, Err: data.Err})
		s.begin = "" // it was in front of the first one
	}
}

// TraceBatchEnd does nothing.
func (echo) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// echo logs a statement and its result.
func (e echo) echo(ctx context.Context, s *statement, data pgx.TraceQueryEndData) {
	if !e.log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{
		slog.String("sql", s.SQL),
		slog.Any("args", arguments(s.Args)),
		slog.Duration("duration", time.Since(s.start)),
		slog.Int64("rows", data.CommandTag.RowsAffected()),
	}
	if s.begin != "" {
		attrs = append(attrs, slog.String("behind", s.begin))
	}
	if data.Err != nil {
		attrs = append(attrs, slog.Any("error", data.Err))
	}
	e.log.LogAttrs(ctx, slog.LevelDebug, "statement", attrs...)
}

// arguments drops the result formats that stdlib passes to pgx as the first argument,
// which aren't part of the statement.
func arguments(args []any) []any {
	if len(args) > 0 {
		if _, ok := args[0].(pgx.QueryResultFormatsByOID); ok {
			return args[1:]
		}
	}
	return args
}
