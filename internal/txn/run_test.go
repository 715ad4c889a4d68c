package txn

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/ent"
	"commitment/internal/pgtx"
)

var errWork = errors.New("the work failed")

func TestRun(t *testing.T) {
	t.Parallel()
	f := open(t, 2, Options{})
	tests := []struct {
		name string
		work func(ctx context.Context) error
		err  error
		kept bool
	}{
		{"commits when the work succeeds", func(context.Context) error { return nil }, nil, true},
		{"rolls back when the work fails", func(context.Context) error { return errWork }, errWork, false},
		{"rolls back what is marked rollback-only", RollbackOnly, nil, false},
		{"commits what is marked commit-anyway", func(ctx context.Context) error {
			return errors.Join(errWork, CommitAnyway(ctx))
		}, errWork, true},
		{"rolls back what is marked both ways", func(ctx context.Context) error {
			return errors.Join(RollbackOnly(ctx), CommitAnyway(ctx))
		}, nil, false},
		{"refuses a commit by hand", func(ctx context.Context) error {
			return ent.TxFromContext(ctx).Commit()
		}, ErrManaged, false},
		{"refuses a rollback by hand", func(ctx context.Context) error {
			return ent.TxFromContext(ctx).Rollback()
		}, ErrManaged, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
				if err := insert(ctx, tt.name); err != nil {
					return err
				}
				return tt.work(ctx)
			})
			if !errors.Is(err, tt.err) || (tt.err == nil && err != nil) {
				t.Errorf("Run() = %v, want %v", err, tt.err)
			}
			f.wantExists(t, tt.name, tt.kept)
		})
	}
}

func TestRunRollsBackOnPanic(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	func() {
		defer func() {
			if p := recover(); p != errWork { //nolint:errorlint // the very value
				t.Errorf("recover() = %v, want %v", p, errWork)
			}
		}()
		_ = f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
			_ = insert(ctx, "a")
			panic(errWork)
		})
	}()
	f.wantExists(t, "a", false)
}

func TestRunRollsBackOnGoexit(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = f.Run(context.Background(), ReadWrite, func(ctx context.Context) error {
			_ = insert(ctx, "a")
			runtime.Goexit()
			return nil
		})
	}()
	<-done
	f.wantExists(t, "a", false)
}

func TestRunRollsBackWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	err := f.Run(ctx, ReadWrite, func(ctx context.Context) error {
		err := errors.Join(insert(ctx, "a"), CommitAnyway(ctx))
		cancel()
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Run() = %v, want %v", err, context.Canceled)
	}
	f.wantExists(t, "a", false)
}

func TestRunReportsWhatFailsAtCommit(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	f.refuseAtCommit(t)
	err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error { return insert(ctx, "a") })
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); !ok || pgErr.ConstraintName != "refused" {
		t.Errorf("Run() = %v, want a violation of %q", err, "refused")
	}
	f.wantExists(t, "a", false)
	if diff := cmp.Diff([]pgtx.Outcome{pgtx.RolledBack}, f.outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

func TestRunReportsAnErrorThatWasIgnored(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
		_ = insert(ctx, "a")
		_ = insert(ctx, "a") // violates the unique name
		return nil
	})
	if !errors.Is(err, ErrSwallowed) {
		t.Errorf("Run() = %v, want %v", err, ErrSwallowed)
	}
	f.wantExists(t, "a", false)
}

func TestRunBeginsInItsMode(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	tests := []struct {
		mode sql.TxOptions
		want []string
	}{
		{ReadOnly, []string{"on", "repeatable read"}},
		{ReadWrite, []string{"off", "read committed"}},
		{sql.TxOptions{Isolation: sql.LevelSerializable}, []string{"off", "serializable"}},
	}
	for _, tt := range tests {
		var got []string
		err := f.Run(t.Context(), tt.mode, func(ctx context.Context) error {
			for _, setting := range []string{"transaction_read_only", "transaction_isolation"} {
				v, err := value(ctx, "SHOW "+setting)
				if err != nil {
					return err
				}
				got = append(got, v)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("mode (-want +got):\n%s", diff)
		}
	}
}
