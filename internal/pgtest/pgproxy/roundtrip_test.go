package pgproxy_test

import (
	"context"
	"database/sql"
	"io"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgproxy"
)

func TestRoundTrips(t *testing.T) {
	t.Parallel()
	server := pgtest.EmptyURL(t)
	for _, tt := range []struct {
		name string
		run  func(t *testing.T, conn *pgx.Conn)
		want [][]string
	}{
		{"a simple query is one", func(t *testing.T, conn *pgx.Conn) {
			t.Helper()
			exec(t, conn, "SELECT 1", pgx.QueryExecModeSimpleProtocol)
		}, [][]string{{"Query SELECT 1"}}},
		{"a query is two at first, to prepare it and to run it, and then one", func(t *testing.T, conn *pgx.Conn) {
			t.Helper()
			exec(t, conn, "SELECT $1::int", 1)
			exec(t, conn, "SELECT $1::int", 2)
		}, [][]string{
			{"Parse SELECT $1::int", "Describe SELECT $1::int", "Sync"},
			{"Bind SELECT $1::int", "Execute SELECT $1::int", "Sync"},
			{"Bind SELECT $1::int", "Execute SELECT $1::int", "Sync"},
		}},
		{"an unprepared query is one", func(t *testing.T, conn *pgx.Conn) {
			t.Helper()
			exec(t, conn, "SELECT $1::int", pgx.QueryExecModeExec, 1)
		}, [][]string{
			{"Parse SELECT $1::int", "Bind SELECT $1::int", "Describe SELECT $1::int", "Execute SELECT $1::int", "Sync"},
		}},
		{"a transaction with one simple query is three", func(t *testing.T, conn *pgx.Conn) {
			t.Helper()
			tx, err := conn.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			exec(t, tx, "SELECT 1", pgx.QueryExecModeSimpleProtocol)
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
		}, [][]string{{"Query begin"}, {"Query SELECT 1"}, {"Query commit"}}},
		{"a batch is two at first, whatever its size", func(t *testing.T, conn *pgx.Conn) {
			t.Helper()
			var batch pgx.Batch
			batch.Queue("SELECT 1")
			batch.Queue("SELECT 2")
			if err := conn.SendBatch(t.Context(), &batch).Close(); err != nil {
				t.Fatal(err)
			}
		}, [][]string{
			{"Parse SELECT 1", "Describe SELECT 1", "Parse SELECT 2", "Describe SELECT 2", "Sync"},
			{
				"Bind SELECT 1", "Execute SELECT 1", "Bind SELECT 2", "Execute SELECT 2", "Sync",
			},
		}},
		{"an error is an answer", func(t *testing.T, conn *pgx.Conn) {
			t.Helper()
			if _, err := conn.Exec(t.Context(), "SELECT 1 / 0", pgx.QueryExecModeSimpleProtocol); err == nil {
				t.Error("division by zero = nil, want an error")
			}
		}, [][]string{{"Query SELECT 1 / 0"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := pgtest.Proxy(t, server)
			conn := connect(t, p)
			p.Reset()
			recorded := p.Record()
			tt.run(t, conn)
			recorded.Stop()
			if got := p.Stats().RoundTrips; got != len(tt.want) {
				t.Errorf("round trips = %d, want %d", got, len(tt.want))
			}
			if diff := cmp.Diff(tt.want, flights(recorded)); diff != "" {
				t.Errorf("flights (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPipelinesAndCopiesAreOneRoundTrip(t *testing.T) {
	t.Parallel()
	p := pgtest.Proxy(t, pgtest.EmptyURL(t))
	conn := connect(t, p)

	pipeline := conn.PgConn().StartPipeline(t.Context())
	p.Reset()
	for range 3 {
		pipeline.SendQueryParams("SELECT generate_series(1, 10000)", nil, nil, nil, nil)
	}
	if err := pipeline.Sync(); err != nil {
		t.Fatal(err)
	}
	if err := pipeline.Close(); err != nil {
		t.Fatal(err)
	}
	if got := p.Stats().RoundTrips; got != 1 {
		t.Errorf("round trips of a pipeline = %d, want 1", got)
	}

	exec(t, conn, "CREATE TABLE numbers (n int)")
	p.Reset()
	_, err := conn.PgConn().CopyFrom(t.Context(), &lines{left: 50_000}, "COPY numbers FROM STDIN")
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Stats().RoundTrips; got != 1 {
		t.Errorf("round trips of COPY FROM = %d, want 1", got)
	}
}

func TestFlushIsARoundTripOfItsOwn(t *testing.T) {
	t.Parallel()
	p := pgtest.Proxy(t, pgtest.EmptyURL(t))
	pipeline := connect(t, p).PgConn().StartPipeline(t.Context())
	p.Reset()
	pipeline.SendPrepare("one", "SELECT 1", nil)
	pipeline.SendFlushRequest()
	if err := pipeline.Flush(); err != nil {
		t.Fatal(err)
	}
	if _, err := pipeline.GetResults(); err != nil {
		t.Fatal(err)
	}
	if got := p.Stats().RoundTrips; got != 1 {
		t.Errorf("round trips after the flush = %d, want 1", got)
	}
	pipeline.SendQueryPrepared("one", nil, nil, nil)
	if err := pipeline.Sync(); err != nil {
		t.Fatal(err)
	}
	if err := pipeline.Close(); err != nil {
		t.Fatal(err)
	}
	if got := p.Stats().RoundTrips; got != 2 {
		t.Errorf("round trips after the sync = %d, want 2", got)
	}
}

func TestTranscript(t *testing.T) {
	t.Parallel()
	p := pgtest.Proxy(t, pgtest.EmptyURL(t))
	recorded := p.Record()
	conn := connect(t, p)
	exec(t, conn, "BEGIN", pgx.QueryExecModeSimpleProtocol)
	_, _ = conn.Exec(t.Context(), "SELECT nothing", pgx.QueryExecModeSimpleProtocol) // recorded is what it answers
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	pgtest.WaitFor(t, "the connection ends", func() bool { return p.Stats().Open == 0 })
	recorded.Stop()
	all := recorded.Messages()
	first := slices.IndexFunc(all, func(m pgproxy.Message) bool { return m.Type == 'Q' })
	want := []pgproxy.Message{
		{Conn: 1, Frontend: true, Type: 'Q', Name: "Query", SQL: "BEGIN"},
		{Conn: 1, Type: 'C', Name: "CommandComplete", Detail: "BEGIN"},
		{Conn: 1, Type: 'Z', Name: "ReadyForQuery", Detail: "T"},
		{Conn: 1, Trip: 1, Frontend: true, Type: 'Q', Name: "Query", SQL: "SELECT nothing"},
		{Conn: 1, Trip: 1, Type: 'E', Name: "ErrorResponse", Detail: "42703"},
		{Conn: 1, Trip: 1, Type: 'Z', Name: "ReadyForQuery", Detail: "E"},
		{Conn: 1, Trip: 2, Frontend: true, Type: 'X', Name: "Terminate"},
	}
	if diff := cmp.Diff(want, all[first:]); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	if got := all[0].String(); got != "StartupMessage" {
		t.Errorf("first message = %q, want StartupMessage", got)
	}
}

func TestStats(t *testing.T) {
	t.Parallel()
	p := pgtest.Proxy(t, pgtest.EmptyURL(t))
	first, second := connect(t, p), connect(t, p)
	want := pgproxy.Stats{Connections: 2, Open: 2, ByConnection: map[int]pgproxy.Traffic{}}
	if diff := cmp.Diff(want, p.Stats()); diff != "" {
		t.Errorf("after starting up (-want +got):\n%s", diff)
	}

	exec(t, first, "SELECT", pgx.QueryExecModeSimpleProtocol)
	exec(t, second, "SELECT", pgx.QueryExecModeSimpleProtocol)
	exec(t, second, "SELECT", pgx.QueryExecModeSimpleProtocol)
	one := pgproxy.Traffic{RoundTrips: 1, FrontendMessages: 1, BackendMessages: 4}
	two := pgproxy.Traffic{RoundTrips: 2, FrontendMessages: 2, BackendMessages: 8}
	want.Traffic = pgproxy.Traffic{RoundTrips: 3, FrontendMessages: 3, BackendMessages: 12}
	want.ByConnection = map[int]pgproxy.Traffic{1: one, 2: two}
	if diff := cmp.Diff(want, p.Stats()); diff != "" {
		t.Errorf("after three queries (-want +got):\n%s", diff)
	}

	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	pgtest.WaitFor(t, "the connection ends", func() bool { return p.Stats().Open == 1 })
	p.Reset()
	want = pgproxy.Stats{Open: 1, ByConnection: map[int]pgproxy.Traffic{}}
	if diff := cmp.Diff(want, p.Stats()); diff != "" {
		t.Errorf("after a reset (-want +got):\n%s", diff)
	}
	exec(t, second, "SELECT", pgx.QueryExecModeSimpleProtocol)
	if got := slices.Collect(maps.Keys(p.Stats().ByConnection)); !slices.Equal(got, []int{2}) {
		t.Errorf("connections = %v, want [2]", got)
	}
}

func TestStdlibTransactionRoundTrips(t *testing.T) {
	t.Parallel()
	p := pgtest.Proxy(t, pgtest.EmptyURL(t))
	config, err := pgx.ParseConfig(p.URL())
	if err != nil {
		t.Fatal(err)
	}
	// Left to itself, pgx pings a connection that had no work for a second.
	db := stdlib.OpenDB(*config, stdlib.OptionShouldPing(func(context.Context, stdlib.ShouldPingParams) bool { return false }))
	defer func() { _ = db.Close() }()
	read := func() {
		tx, err := db.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := tx.QueryRowContext(context.Background(), "SELECT $1::int", 1).Scan(new(int)); err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	read() // prepares
	p.Reset()
	read()
	if got := p.Stats().RoundTrips; got != 3 {
		t.Errorf("round trips of BEGIN, SELECT, COMMIT = %d, want 3", got)
	}
}

// lines is a file of numbers, one a line.
type lines struct{ left int }

func (l *lines) Read(b []byte) (int, error) {
	if l.left == 0 {
		return 0, io.EOF
	}
	l.left--
	return copy(b, "1\n"), nil
}
