package txn

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/go-cmp/cmp"

	"commitment/ent"
	"commitment/ent/idempotencykey"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/pgtx"
)

func TestNoConnectionBeforeTheFirstStatement(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	_, unit, err := f.Begin(t.Context(), ReadWrite, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := unit.Commit(); err != nil {
		t.Fatal(err)
	}
	if n := f.pool.Stats().OpenConnections; n != 0 {
		t.Errorf("open connections = %d, want 0", n)
	}
	if len(f.outcomes) != 0 {
		t.Errorf("outcomes = %v, want none", f.outcomes)
	}
}

func TestRootClientInsideAUnitIsRefused(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{}) // a second connection would be waited for forever
	err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
		if err := insert(ctx, "a"); err != nil {
			return err
		}
		_, query := rowtest.Count(ctx, f.Client())
		exec := rowtest.Rename(ctx, f.Client(), "b")
		_, tx := f.Client().Tx(ctx)
		_, begin := f.Client().BeginTx(ctx, nil)
		run := f.Run(ctx, ReadWrite, func(context.Context) error { return nil })
		for i, err := range []error{query, exec, tx, begin, run} {
			if !errors.Is(err, ErrRootClient) {
				t.Errorf("use %d = %v, want %v", i, err, ErrRootClient)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	f.wantExists(t, "a", true)
}

func TestEntitiesStayUsableAfterTheCommit(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	var created, read *ent.IdempotencyKey
	var unitCtx context.Context
	err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) (err error) {
		unitCtx = context.WithoutCancel(ctx) //nolint:fatcontext // to be used after the end
		client := ent.FromContext(ctx)
		if created, err = rowtest.Create(client, "a").Save(ctx); err != nil {
			return err
		}
		read, err = rowtest.Query(client, idempotencykey.ID(created.ID)).Only(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if created.Key != "a" || read.Key != "a" || !created.CreatedAt.Equal(read.CreatedAt) {
		t.Errorf("created %v, read %v: fields differ", created, read)
	}
	ctx := unitCtx
	rename := func(u *entsql.UpdateBuilder) { u.Set(idempotencykey.FieldKey, "b") }
	if err := created.Update().Modify(rename).Exec(ctx); !errors.Is(err, ErrEnded) {
		t.Errorf("update before Unwrap = %v, want %v", err, ErrEnded)
	}
	if err := read.Unwrap().Update().Modify(rename).Exec(ctx); err != nil {
		t.Errorf("update after Unwrap = %v, want nil", err)
	}
	f.wantExists(t, "b", true)
}

func TestOneStatementAtATime(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	err := f.Run(t.Context(), ReadOnly, func(ctx context.Context) error {
		rows := &entsql.Rows{}
		if err := fromContext(ctx).lazy.Query(ctx, "SELECT 1", []any{}, rows); err != nil {
			return err
		}
		if _, err := rowtest.Count(ctx, ent.FromContext(ctx)); !errors.Is(err, ErrBusy) {
			t.Errorf("second statement = %v, want %v", err, ErrBusy)
		}
		if err := errors.Join(rows.Close(), rows.Close()); err != nil {
			return err
		}
		_, err := rowtest.Count(ctx, ent.FromContext(ctx))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestCommitWhileAStatementRunsIsRefused(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	ctx, unit, err := f.Begin(t.Context(), ReadWrite, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := insert(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	rows := &entsql.Rows{}
	if err := unit.lazy.Query(ctx, "SELECT generate_series(1, 100000)", []any{}, rows); err != nil {
		t.Fatal(err)
	}
	if err := unit.Commit(); !errors.Is(err, ErrBusy) {
		t.Errorf("Commit() = %v, want %v", err, ErrBusy)
	}
	f.wantExists(t, "a", false)
}

func TestSessionVariablesAreRefused(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
		return insert(entsql.WithVar(ctx, "app.tenant", "x"), "a")
	})
	if !errors.Is(err, ErrSessionVar) {
		t.Errorf("Run() = %v, want %v", err, ErrSessionVar)
	}
}

func TestMarksNeedAUnit(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	nothing := func(context.Context) error { return nil }
	all := func(ctx context.Context) []error {
		return []error{RollbackOnly(ctx), CommitAnyway(ctx), AfterCommit(ctx, nothing)}
	}
	for _, err := range all(t.Context()) {
		if !errors.Is(err, ErrNoUnit) {
			t.Errorf("outside = %v, want %v", err, ErrNoUnit)
		}
	}
	ctx, unit, err := f.Begin(t.Context(), ReadOnly, 1)
	if err != nil {
		t.Fatal(err)
	}
	unit.Close()
	for _, err := range append(all(ctx), unit.Commit()) {
		if !errors.Is(err, ErrEnded) {
			t.Errorf("after the end = %v, want %v", err, ErrEnded)
		}
	}
}

func TestCancellationCostsNoConnection(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	backend := func() (pid string) {
		err := f.Run(t.Context(), ReadOnly, func(ctx context.Context) (err error) {
			pid, err = value(ctx, "SELECT pg_backend_pid()::text")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return pid
	}
	before := backend()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := f.Run(ctx, ReadWrite, func(ctx context.Context) error {
		_, err := value(ctx, "SELECT pg_sleep(60)::text")
		return err
	})
	if err == nil {
		t.Fatal("Run() = nil, want an error")
	}
	if after := backend(); after != before {
		t.Errorf("backend = %s, want the same as before, %s", after, before)
	}
}

func TestWaitForAConnectionIsBounded(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{AcquireTimeout: 20 * time.Millisecond})
	conn, err := f.pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	err = f.Run(t.Context(), ReadWrite, func(ctx context.Context) error { return insert(ctx, "a") })
	if !errors.Is(err, ErrPoolTimeout) {
		t.Errorf("Run() = %v, want %v", err, ErrPoolTimeout)
	}
}

func TestStaleConnectionsGoUnnoticed(t *testing.T) {
	t.Parallel()
	f := open(t, 4, Options{MaxAttempts: 1})
	var conns []*sql.Conn
	for range 4 {
		conn, err := f.pool.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	_, err := conns[0].ExecContext(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	for _, conn := range conns {
		err = errors.Join(err, conn.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if err := f.Run(t.Context(), ReadOnly, func(ctx context.Context) error { _, err := value(ctx, "SELECT '1'"); return err }); err != nil {
			t.Errorf("Run() = %v, want nil", err)
		}
	}
}

func TestOutcomeOfALostCommitIsResolved(t *testing.T) {
	t.Parallel()
	f := open(t, 2, Options{})
	f.exec(t, `
		CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;
		CREATE CONSTRAINT TRIGGER lingers AFTER INSERT ON idempotency_keys DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION linger()`)
	go func() {
		for t.Context().Err() == nil {
			_, _ = f.pool.ExecContext(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE datname = current_database() AND wait_event = 'PgSleep'`)
		}
	}()
	err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error { return insert(ctx, "a") })
	if !pgtx.IsConnectionError(err) {
		t.Errorf("Run() = %v, want the end of the connection", err)
	}
	f.wantExists(t, "a", false)
	want := []pgtx.Outcome{pgtx.RolledBack, pgtx.RolledBack, pgtx.RolledBack} // an attempt each
	if diff := cmp.Diff(want, f.outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

func TestSlowCommitIsGivenUp(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{EndTimeout: 50 * time.Millisecond})
	f.exec(t, `
		CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;
		CREATE CONSTRAINT TRIGGER lingers AFTER INSERT ON idempotency_keys DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION linger()`)
	err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error { return insert(ctx, "a") })
	if err == nil {
		t.Error("Run() = nil, want an error")
	}
	f.wantExists(t, "a", false)
}

func TestHooksOfTheEntTx(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	errHook := errors.New("the hook failed")
	tests := []struct {
		name    string
		hook    func(ctx context.Context, tx *ent.Tx, next ent.Committer) error
		refused bool // from here on PostgreSQL refuses the COMMIT
		want    error
		kept    bool
	}{
		{
			name: "fails after the commit",
			hook: func(ctx context.Context, tx *ent.Tx, next ent.Committer) error {
				return errors.Join(next.Commit(ctx, tx), errHook)
			},
			kept: true,
		},
		{
			name: "panics after the commit",
			hook: func(ctx context.Context, tx *ent.Tx, next ent.Committer) error {
				panic(errors.Join(next.Commit(ctx, tx), errHook))
			},
			kept: true,
		},
		{
			name: "fails before the commit",
			hook: func(context.Context, *ent.Tx, ent.Committer) error { return errHook },
			want: errHook,
		},
		{
			name: "forgets the commit",
			hook: func(context.Context, *ent.Tx, ent.Committer) error { return nil },
			want: ErrHook,
		},
		{
			name:    "ignores the error of the commit",
			hook:    func(ctx context.Context, tx *ent.Tx, next ent.Committer) error { _ = next.Commit(ctx, tx); return nil },
			refused: true,
			want:    ErrHook,
		},
	}
	for _, tt := range tests {
		if tt.refused {
			f.refuseAtCommit(t)
		}
		err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
			ent.TxFromContext(ctx).OnCommit(func(next ent.Committer) ent.Committer {
				return ent.CommitFunc(func(ctx context.Context, tx *ent.Tx) error { return tt.hook(ctx, tx, next) })
			})
			return insert(ctx, tt.name)
		})
		if !errors.Is(err, tt.want) {
			t.Errorf("a hook that %s: Run() = %v, want %v", tt.name, err, tt.want)
		}
		f.wantExists(t, tt.name, tt.kept)
	}
	if !strings.Contains(f.log.String(), errHook.Error()) {
		t.Errorf("log = %q, want the error of the hook that failed after the commit in it", f.log)
	}
}

func TestAfterCommitFunctions(t *testing.T) {
	t.Parallel()
	var failures int
	f := open(t, 1, Options{OnAfterCommitError: func() { failures++ }})
	var got []string
	work := func(ctx context.Context) error {
		return errors.Join(
			insert(ctx, "a"),
			AfterCommit(ctx, func(ctx context.Context) error {
				_, deadline := ctx.Deadline()
				got = append(got, fmt.Sprintf("first: saved %v, deadline %v", f.exists(t, "a"), deadline))
				return errWork
			}),
			AfterCommit(ctx, func(context.Context) error { panic("second") }),
			AfterCommit(ctx, func(ctx context.Context) error {
				_, err := rowtest.Count(ctx, f.Client()) // the root client is free again
				got = append(got, fmt.Sprintf("third: %v", err))
				return nil
			}),
		)
	}
	if err := f.Run(t.Context(), ReadWrite, work); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"first: saved true, deadline true", "third: <nil>"}, got); diff != "" {
		t.Errorf("ran (-want +got):\n%s", diff)
	}
	if failures != 2 {
		t.Errorf("failures = %d, want 2", failures)
	}
	got = nil
	_ = f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
		return errors.Join(work(ctx), errWork)
	})
	if len(got) != 0 {
		t.Errorf("ran after a rollback: %v, want nothing", got)
	}
}

func TestWaitWaitsForAfterCommitFunctions(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	ctx, unit, err := f.Begin(t.Context(), ReadWrite, 1)
	if err != nil {
		t.Fatal(err)
	}
	release := make(chan struct{})
	if err := AfterCommit(ctx, func(context.Context) error { <-release; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := unit.Commit(); err != nil {
		t.Fatal(err)
	}
	unit.AfterCommit()
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := f.Wait(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Wait() = %v while a function runs, want %v", err, context.DeadlineExceeded)
	}
	close(release)
	if err := f.Wait(t.Context()); err != nil {
		t.Errorf("Wait() = %v, want nil", err)
	}
}

func TestRootClientIsAnOrdinaryClient(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	tx, err := f.Client().Tx(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := rowtest.Insert(t.Context(), tx.Client(), "a"); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	f.wantExists(t, "a", true)
}
