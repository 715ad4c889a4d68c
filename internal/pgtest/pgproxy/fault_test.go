package pgproxy_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgproxy"
)

// commits are the ways in which a COMMIT is sent.
var commits = map[string]func(ctx context.Context, conn *pgx.Conn) error{
	"by Query": func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "commit", pgx.QueryExecModeSimpleProtocol)
		return err
	},
	"by Execute": func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "COMMIT;", pgx.QueryExecModeExec)
		return err
	},
	"by Execute of a prepared statement": func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "End work", pgx.QueryExecModeCacheStatement)
		return err
	},
	"after other statements, in one flight": func(ctx context.Context, conn *pgx.Conn) error {
		pipeline := conn.PgConn().StartPipeline(ctx)
		pipeline.SendQueryParams("SELECT generate_series(1, 1000)", nil, nil, nil, nil)
		pipeline.SendQueryParams("COMMIT", nil, nil, nil, nil)
		err := pipeline.Sync()
		return errors.Join(err, drain(pipeline))
	},
}

// drain reads the results of a pipeline and returns the first error.
func drain(pipeline *pgconn.Pipeline) error {
	for {
		results, err := pipeline.GetResults()
		switch r := results.(type) {
		case *pgconn.ResultReader:
			if _, err := r.Close(); err != nil {
				return errors.Join(err, pipeline.Close())
			}
		case *pgconn.PipelineSync:
			return pipeline.Close()
		default:
			return errors.Join(err, errors.New("the pipeline ended"), pipeline.Close())
		}
	}
}

// table is a table behind a proxy and beside it.
type table struct {
	proxy  *pgproxy.Proxy
	beside *pgx.Conn
}

func newTable(t *testing.T) table {
	t.Helper()
	server := pgtest.EmptyURL(t)
	l := table{proxy: pgtest.Proxy(t, server), beside: dial(t, server)}
	exec(t, l.beside, "CREATE TABLE entries (n int)")
	return l
}

// write begins a transaction that has added a row.
func (l table) write(t *testing.T) *pgx.Conn {
	t.Helper()
	conn := connect(t, l.proxy)
	exec(t, conn, "BEGIN")
	exec(t, conn, "INSERT INTO entries VALUES (1)")
	return conn
}

// settled returns the number of rows once the server is done with the session.
func (l table) settled(t *testing.T, pid uint32) int {
	t.Helper()
	pgtest.WaitFor(t, "the session ends", func() bool { return !running(t, l.beside, pid) })
	return l.rows(t)
}

func (l table) rows(t *testing.T) int {
	t.Helper()
	return value[int](t, l.beside, "SELECT count(*) FROM entries")
}

func TestCutsAtCommit(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]struct {
		pgproxy.Fault
		rows int
	}{
		"before it, by FIN": {pgproxy.Fault{Action: pgproxy.Cut}, 0},
		"before it, by RST": {pgproxy.Fault{Action: pgproxy.Reset}, 0},
		"after it, by FIN":  {pgproxy.Fault{Moment: pgproxy.Answered, Action: pgproxy.Cut}, 1},
		"after it, by RST":  {pgproxy.Fault{Moment: pgproxy.Answered, Action: pgproxy.Reset}, 1},
	} {
		for how, commit := range commits {
			t.Run(name+", sent "+how, func(t *testing.T) {
				t.Parallel()
				l := newTable(t)
				conn := l.write(t)
				fault.Match, fault.Times = pgproxy.AtCommit, 1
				injected := l.proxy.Inject(fault.Fault)
				if err := commit(t.Context(), conn); err == nil {
					t.Error("commit = nil, want an error")
				}
				if n := injected.Fired(); n != 1 {
					t.Errorf("fired = %d, want 1", n)
				}
				if n := l.settled(t, conn.PgConn().PID()); n != fault.rows {
					t.Errorf("rows = %d, want %d", n, fault.rows)
				}
			})
		}
	}
}

func TestCutOnceSent(t *testing.T) {
	t.Parallel()
	l := newTable(t)
	conn := l.write(t)
	cut := l.proxy.Inject(pgproxy.Fault{Match: pgproxy.AtCommit, Moment: pgproxy.Sent})
	if err := commits["by Query"](t.Context(), conn); err == nil {
		t.Error("commit = nil, want an error")
	}
	if n := cut.Fired(); n != 1 {
		t.Errorf("fired = %d, want 1", n)
	}
	// PostgreSQL reads what came before the end of the connection.
	if n := l.settled(t, conn.PgConn().PID()); n != 1 {
		t.Errorf("rows = %d, want 1", n)
	}
}

func TestStall(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		moment pgproxy.Moment
		rows   int // while it is stalled
	}{
		{"before COMMIT", pgproxy.Before, 0},
		{"after COMMIT", pgproxy.Answered, 1},
	} {
		t.Run(tt.name+", until it is released", func(t *testing.T) {
			t.Parallel()
			l := newTable(t)
			stall := l.proxy.Inject(pgproxy.Fault{Match: pgproxy.AtCommit, Moment: tt.moment, Action: pgproxy.Stall})
			ended := l.commitBehind(t, stall)
			if n := l.rows(t); n != tt.rows {
				t.Errorf("rows while stalled = %d, want %d", n, tt.rows)
			}
			stall.Release()
			stall.Release()
			if err := <-ended; err != nil {
				t.Errorf("commit = %v, want nil", err)
			}
			if n := l.rows(t); n != 1 {
				t.Errorf("rows = %d, want 1", n)
			}
		})
		t.Run(tt.name+", until the connection is broken", func(t *testing.T) {
			t.Parallel()
			l := newTable(t)
			stall := l.proxy.Inject(pgproxy.Fault{Match: pgproxy.AtCommit, Moment: tt.moment, Action: pgproxy.Stall})
			ended := l.commitBehind(t, stall)
			l.proxy.Break()
			if err := <-ended; err == nil {
				t.Error("commit = nil, want an error")
			}
			if n := l.rows(t); n != tt.rows {
				t.Errorf("rows = %d, want %d", n, tt.rows)
			}
		})
	}
}

// commitBehind sends a COMMIT and returns, once the fault acts on it, how it will
// end.
func (l table) commitBehind(t *testing.T, fault *pgproxy.Injection) <-chan error {
	t.Helper()
	conn := l.write(t)
	ended := make(chan error, 1)
	go func() { ended <- commits["by Execute"](context.Background(), conn) }()
	await(t, fault)
	return ended
}

func TestBlackhole(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		moment pgproxy.Moment
		rows   int
	}{
		{"loses a COMMIT", pgproxy.Before, 0},
		{"loses the answer to a COMMIT", pgproxy.Answered, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := newTable(t)
			hole := l.proxy.Inject(pgproxy.Fault{Match: pgproxy.AtCommit, Moment: tt.moment, Action: pgproxy.Blackhole})
			conn := l.write(t)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- commits["by Query"](ctx, conn) }()
			await(t, hole)
			if n := l.rows(t); n != tt.rows {
				t.Errorf("rows = %d, want %d", n, tt.rows)
			}
			if n := l.proxy.Stats().Open; n != 1 {
				t.Errorf("open connections = %d, want 1", n)
			}
			cancel() // the client gives up
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("commit = %v, want %v", err, context.Canceled)
			}
			// What the server isn't told, it learns when the connection breaks.
			pid := conn.PgConn().PID()
			if told := tt.moment == pgproxy.Answered; !told && !running(t, l.beside, pid) {
				t.Error("the session on the server has ended, want it to know nothing of the client's end")
			} else if !told {
				l.proxy.Break()
			}
			if n := l.settled(t, pid); n != tt.rows {
				t.Errorf("rows = %d, want %d", n, tt.rows)
			}
		})
	}
}

func TestAStalledCommitOutlivesItsClient(t *testing.T) {
	t.Parallel()
	l := newTable(t)
	stall := l.proxy.Inject(pgproxy.Fault{Match: pgproxy.AtCommit, Action: pgproxy.Stall})
	conn := l.write(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- commits["by Query"](ctx, conn) }()
	await(t, stall)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("commit = %v, want %v", err, context.Canceled)
	}
	if n := l.rows(t); n != 0 {
		t.Errorf("rows when the client has gone = %d, want 0", n)
	}
	stall.Release()
	if n := l.settled(t, conn.PgConn().PID()); n != 1 {
		t.Errorf("rows = %d, want 1", n)
	}
}

func TestDelayHoldsUpAndGoesOn(t *testing.T) {
	t.Parallel()
	for name, moment := range map[string]pgproxy.Moment{
		"before": pgproxy.Before, "once answered": pgproxy.Answered,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newTable(t)
			conn := l.write(t)
			const delay = 20 * time.Millisecond
			delayed := l.proxy.Inject(pgproxy.Fault{
				Match: pgproxy.AtCommit, Moment: moment, Action: pgproxy.Delay, Delay: delay,
			})
			begun := time.Now()
			if err := commits["by Query"](t.Context(), conn); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(begun); took < delay {
				t.Errorf("commit took %v, want at least %v", took, delay)
			}
			if n := delayed.Fired(); n != 1 {
				t.Errorf("fired = %d, want 1", n)
			}
			if n := l.rows(t); n != 1 {
				t.Errorf("rows = %d, want 1", n)
			}
		})
	}
}

func TestFaultsFireAsOftenAsTheySay(t *testing.T) {
	t.Parallel()
	p := pgtest.Proxy(t, pgtest.EmptyURL(t))
	const clients, times = 12, 5
	cut := p.Inject(pgproxy.Fault{Match: pgproxy.AtStatement("select 'X'"), Times: times})
	var mu sync.Mutex
	failed := 0
	var running sync.WaitGroup
	for range clients {
		conn := connect(t, p)
		running.Go(func() {
			if _, err := conn.Exec(t.Context(), "SELECT 'x'"); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed++
			}
		})
	}
	running.Wait()
	if failed != times || cut.Fired() != times {
		t.Errorf("failed = %d, fired = %d, want %d", failed, cut.Fired(), times)
	}
}

func TestFaultAtAServersMessage(t *testing.T) {
	t.Parallel()
	l := newTable(t)
	conn := l.write(t)
	cut := l.proxy.Inject(pgproxy.Fault{Match: func(m pgproxy.Message) bool {
		return m.Name == "CommandComplete" && m.Detail == "COMMIT"
	}})
	if err := commits["by Query"](t.Context(), conn); err == nil {
		t.Error("commit = nil, want an error")
	}
	if n := l.settled(t, conn.PgConn().PID()); n != 1 || cut.Fired() != 1 {
		t.Errorf("rows = %d, fired = %d, want 1 and 1", n, cut.Fired())
	}
}

func TestFaultAtStartup(t *testing.T) {
	t.Parallel()
	p := pgtest.Proxy(t, pgtest.EmptyURL(t))
	stall := p.Inject(pgproxy.Fault{
		Match:  func(m pgproxy.Message) bool { return m.Name == "StartupMessage" },
		Action: pgproxy.Stall,
	})
	ended := make(chan error, 1)
	go func() {
		conn, err := pgx.Connect(context.Background(), p.URL())
		if err == nil {
			err = conn.Close(context.Background())
		}
		ended <- err
	}()
	await(t, stall)
	stall.Release()
	if err := <-ended; err != nil {
		t.Errorf("connect = %v, want nil", err)
	}
}

func TestAwaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	never := pgtest.Proxy(t, "postgres://127.0.0.1/books?sslmode=disable").Inject(pgproxy.Fault{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := never.Await(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Await() = %v, want %v", err, context.Canceled)
	}
}

func TestAtCommit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		message pgproxy.Message
		want    bool
	}{
		{pgproxy.Message{Frontend: true, Type: 'Q', SQL: "commit"}, true},
		{pgproxy.Message{Frontend: true, Type: 'Q', SQL: " COMMIT AND CHAIN ; "}, true},
		{pgproxy.Message{Frontend: true, Type: 'Q', SQL: "INSERT INTO t VALUES (1); commit"}, true},
		{pgproxy.Message{Frontend: true, Type: 'E', SQL: "end transaction"}, true},
		{pgproxy.Message{Frontend: true, Type: 'P', SQL: "commit"}, false},
		{pgproxy.Message{Frontend: true, Type: 'Q', SQL: "commit prepared 'x'"}, false},
		{pgproxy.Message{Frontend: true, Type: 'Q', SQL: "SELECT 'commit'"}, false},
		{pgproxy.Message{Frontend: true, Type: 'Q', SQL: "rollback"}, false},
		{pgproxy.Message{Frontend: true, Type: 'Q', SQL: ""}, false},
		{pgproxy.Message{Type: 'C', Detail: "COMMIT"}, false},
	} {
		if got := pgproxy.AtCommit(tt.message); got != tt.want {
			t.Errorf("AtCommit(%v) = %t, want %t", tt.message, got, tt.want)
		}
	}
}
