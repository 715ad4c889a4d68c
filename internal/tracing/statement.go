package tracing

import (
	"context"
	"errors"
	"fmt"
	"net"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"commitment/internal/pgtx"
)

// statements makes the spans of connections and statements, COMMIT included. It is a
// tracer of pgx's. Arguments never become part of a span.
type statements struct {
	tracer  trace.Tracer
	queries *lru.Cache[string, query]
}

const (
	// maxQueries is how many statements are remembered. Most programs have fewer.
	maxQueries = 1000
	// maxRemembered is how long they are at most, in bytes: an INSERT of many rows has a
	// text of its own for each number of rows.
	maxRemembered = 16 << 10
)

func newStatements(tracer trace.Tracer) *statements {
	queries, err := lru.New[string, query](maxQueries)
	if err != nil {
		panic(err) // the size isn't positive
	}
	return &statements{tracer, queries}
}

// query returns what spans say about a statement.
func (s *statements) query(sql string) query {
	if known, ok := s.queries.Get(sql); ok {
		return known
	}
	q := describe(sql)
	if len(sql) <= maxRemembered {
		s.queries.Add(sql, q)
	}
	return q
}

// client is the kind of all spans here.
var client = trace.WithSpanKind(trace.SpanKindClient)

// start begins a span for what is done on a connection.
func (s *statements) start(ctx context.Context, conn *pgx.Conn, name string, attrs trace.SpanStartOption) context.Context {
	ctx, _ = s.tracer.Start(ctx, name, client, databaseOf(conn), attrs)
	return ctx
}

// databaseKey is the key of a connection's database in its CustomData.
const databaseKey = "commitment.tracing"

// databaseOf returns the attributes of the connection's database.
func databaseOf(conn *pgx.Conn) trace.SpanStartOption {
	data := conn.PgConn().CustomData()
	if known, ok := data[databaseKey].(trace.SpanStartOption); ok {
		return known
	}
	attrs := database(conn.Config())
	if peer, ok := conn.PgConn().Conn().RemoteAddr().(*net.TCPAddr); ok {
		attrs = append(attrs, semconv.NetworkPeerAddress(peer.IP.String()), semconv.NetworkPeerPort(peer.Port))
	}
	option := trace.WithAttributes(attrs...)
	data[databaseKey] = option
	return option
}

func database(cfg *pgx.ConnConfig) []attribute.KeyValue {
	return []attribute.KeyValue{
		semconv.DBSystemNamePostgreSQL, semconv.DBNamespace(cfg.Database),
		semconv.ServerAddress(cfg.Host), semconv.ServerPort(int(cfg.Port)),
	}
}

// TraceQueryStart begins the span of a statement.
func (s *statements) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	ctx, sampled := parent(ctx)
	if !sampled {
		return ctx
	}
	q := s.query(data.SQL)
	return s.start(ctx, conn, q.summary, q.attrs)
}

// TraceQueryEnd ends the span of a statement.
func (*statements) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	endStatement(ctx, data.Err)
}

// TraceBatchStart begins the span of a batch.
func (s *statements) TraceBatchStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	ctx, sampled := parent(ctx)
	if !sampled {
		return ctx
	}
	return s.start(ctx, conn, "BATCH", trace.WithAttributes(semconv.DBOperationName("BATCH"), semconv.DBOperationBatchSize(data.Batch.Len())))
}

// TraceBatchQuery adds a statement of a batch to its span, as an event.
func (s *statements) TraceBatchQuery(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	if span := trace.SpanFromContext(ctx); span.IsRecording() {
		q := s.query(data.SQL)
		span.AddEvent(q.summary, q.attrs, trace.WithAttributes(failure(data.Err)...))
	}
}

// TraceBatchEnd ends the span of a batch.
func (*statements) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchEndData) {
	endStatement(ctx, data.Err)
}

// TraceCopyFromStart begins the span of a COPY.
func (s *statements) TraceCopyFromStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceCopyFromStartData) context.Context {
	ctx, sampled := parent(ctx)
	if !sampled {
		return ctx
	}
	table := ""
	if n := len(data.TableName); n > 0 { // else the server refuses it
		table = data.TableName[n-1]
	}
	return s.start(ctx, conn, "COPY "+table, trace.WithAttributes(semconv.DBOperationName("COPY"), semconv.DBCollectionName(table)))
}

// TraceCopyFromEnd ends the span of a COPY.
func (*statements) TraceCopyFromEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceCopyFromEndData) {
	endStatement(ctx, data.Err)
}

// TraceConnectStart begins the span of a connect, for which the work waits.
func (s *statements) TraceConnectStart(ctx context.Context, data pgx.TraceConnectStartData) context.Context {
	ctx, sampled := parent(ctx)
	if !sampled {
		return ctx
	}
	ctx, _ = s.tracer.Start(ctx, "connect", client, trace.WithAttributes(database(data.ConnConfig)...))
	return ctx
}

// TraceConnectEnd ends the span of a connect.
func (*statements) TraceConnectEnd(ctx context.Context, data pgx.TraceConnectEndData) {
	endStatement(ctx, data.Err)
}

// endStatement ends the span of ctx, which one of the methods above has begun. The text
// of a server's error may contain arguments: the span has its SQLSTATE.
func endStatement(ctx context.Context, err error) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	if err != nil {
		span.SetStatus(codes.Error, "")
		span.SetAttributes(failure(err)...)
	}
	span.End()
}

// failure returns the attributes of an error, or none for nil.
func failure(err error) []attribute.KeyValue {
	if err == nil {
		return nil
	}
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return []attribute.KeyValue{semconv.DBResponseStatusCode(pgErr.Code), errorType(err)}
	}
	return []attribute.KeyValue{errorType(err)}
}

// errorType returns the SQLSTATE, what kind of failure it is otherwise, or at last the
// type of the innermost error.
func errorType(err error) attribute.KeyValue {
	switch pgErr, ok := errors.AsType[*pgconn.PgError](err); {
	case ok:
		return semconv.ErrorTypeKey.String(pgErr.Code)
	case errors.Is(err, context.Canceled):
		return semconv.ErrorTypeKey.String("canceled")
	case errors.Is(err, context.DeadlineExceeded):
		return semconv.ErrorTypeKey.String("timeout")
	case pgtx.IsConnectionError(err), isConnectError(err):
		return semconv.ErrorTypeKey.String("connection")
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return semconv.ErrorTypeKey.String(fmt.Sprintf("%T", err))
}

// isConnectError reports whether pgx couldn't connect.
func isConnectError(err error) bool {
	_, ok := errors.AsType[*pgconn.ConnectError](err)
	return ok
}
