package txn_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/ent"
	"commitment/internal/levers"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgproxy"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/pgtx"
	"commitment/internal/txn"
)

// rig is a database with rows "0" and "1", whose session is seen by a proxy.
type rig struct {
	*txn.DB
	proxy    *pgproxy.Proxy
	direct   *txn.DB // not through the proxy
	watch    *sql.DB // the same
	pool     *sql.DB // that of DB, with one connection
	outcomes []pgtx.Outcome
}

func startRig(t *testing.T, o txn.Options) *rig {
	t.Helper()
	url := pgtest.OwnerURL(t)
	r := &rig{proxy: pgtest.Proxy(t, url)}
	r.direct, r.watch = openOne(t, url)
	_, r.pool = openOne(t, r.proxy.URL())
	o.Log = slog.New(slog.DiscardHandler)
	o.OnEnd = func(outcome pgtx.Outcome, _ bool) { r.outcomes = append(r.outcomes, outcome) }
	r.DB = txn.New(r.pool, o)
	for _, name := range []string{"0", "1"} {
		if err := r.direct.Run(t.Context(), txn.ReadWrite, inserting(name)); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// count is a first statement.
func count(ctx context.Context) error {
	_, err := rowtest.Count(ctx, ent.FromContext(ctx))
	return err
}

// countAgain is a later one.
func countAgain(ctx context.Context) error { return count(ctx) }

// setStatus updates one row, if there is one of that name.
func setStatus(ctx context.Context, name string, status int) error {
	n, err := txn.Update(ctx, `UPDATE "idempotency_keys" SET "status" = $1 WHERE "key" = $2`, status, name)
	if err == nil && n != 1 {
		return fmt.Errorf("rows changed = %d, want 1", n)
	}
	return err
}

// status reads what setStatus has written.
func (r *rig) status(t *testing.T, name string) (status int) {
	t.Helper()
	row, err := rowtest.Query(r.direct.Client()).All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range row {
		if k.Key == name {
			return k.Status
		}
	}
	t.Fatalf("no row %q", name)
	return 0
}

// writes inserts rows and updates one.
func writes(names ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		return txn.WithCommit(ctx, func(ctx context.Context) error {
			err := setStatus(ctx, "0", 7)
			for _, name := range names {
				err = errors.Join(err, insert(ctx, name))
			}
			return err
		})
	}
}

// then runs works one after the other.
func then(works ...func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, work := range works {
			if err := work(ctx); err != nil {
				return err
			}
		}
		return nil
	}
}

// trips runs work several times, and returns what traveled together the last time, each
// statement by its first word.
func (r *rig) trips(t *testing.T, mode sql.TxOptions, work func(context.Context) error) []string {
	t.Helper()
	var transcript *pgproxy.Transcript
	for range 3 { // one prepares the statements, one pings
		transcript = r.proxy.Record()
		if err := r.Run(t.Context(), mode, work); err != nil {
			t.Error(err)
		}
		transcript.Stop()
	}
	var flights []string
	for _, flight := range transcript.Flights() {
		var words []string
		for _, m := range flight {
			if m.Name != "Execute" && m.Name != "Query" {
				continue
			}
			for text := range strings.SplitSeq(m.SQL, ";") {
				text = strings.TrimSpace(text)
				word, _, _ := strings.Cut(strings.ToLower(text), " ")
				if rest, ok := strings.CutPrefix(text, "WITH changed AS ("); ok {
					word, _, _ = strings.Cut(strings.ToLower(rest), " ")
					word = "one " + word
				}
				words = append(words, word)
			}
		}
		flights = append(flights, strings.Join(words, "; "))
	}
	return flights
}

var row int

// fresh inserts rows with names of their own, with COMMIT.
func fresh(n int) func(context.Context) error {
	return func(ctx context.Context) error {
		return txn.WithCommit(ctx, func(ctx context.Context) error {
			err := setStatus(ctx, "0", n)
			for range n {
				row++
				err = errors.Join(err, insert(ctx, fmt.Sprint("fresh", row)))
			}
			return err
		})
	}
}

func TestWritesTravelWithCommit(t *testing.T) { //nolint:paralleltest // names its rows by a variable
	if !levers.WaitingWrites {
		t.Skip("writes do not wait for COMMIT")
	}
	r, eager := startRig(t, txn.Options{}), startRig(t, txn.Options{EagerWrites: true})
	byHand := func(query string) func(context.Context) error {
		return func(ctx context.Context) error {
			tx, err := txn.SQLFromContext(ctx)
			if err == nil {
				_, err = tx.ExecContext(ctx, query)
			}
			return err
		}
	}
	one := func(ctx context.Context) error { row++; return insert(ctx, fmt.Sprint("one", row)) }
	another := func(ctx context.Context) error { return one(ctx) }
	begin := "begin; select; "
	for _, tt := range []struct {
		name string
		rig  *rig
		work func(context.Context) error
		want []string
	}{
		{"after another statement", r, then(count, fresh(2)),
			[]string{begin + "select", "one update; insert; insert; commit"}},
		{"alone: the id must be known first", r, fresh(2),
			[]string{begin + "one update; insert; insert", "commit"}},
		{"in two calls", r, then(count, fresh(1), fresh(2)),
			[]string{begin + "select", "one update; insert; one update; insert; insert; commit"}},
		{"before another statement", r, then(count, fresh(1), countAgain),
			[]string{begin + "select", "one update; insert", "select", "commit"}},
		{"before a write that isn't among them", r, then(count, fresh(1), one),
			[]string{begin + "select", "one update; insert", "insert", "commit"}},
		{"in a savepoint", r, then(count, func(ctx context.Context) error { return txn.Savepoint(ctx, fresh(1)) }),
			[]string{begin + "select", "savepoint", "one update; insert", "release", "commit"}},
		{"around a savepoint", r, then(count, func(ctx context.Context) error {
			return txn.WithCommit(ctx, func(ctx context.Context) error {
				return then(one, func(ctx context.Context) error { return txn.Savepoint(ctx, one) }, another)(ctx)
			})
		}), []string{begin + "select", "insert", "savepoint", "insert", "release", "insert; commit"}},
		{"in a function of Together", r, then(count, func(ctx context.Context) error { return txn.Together(ctx, one, fresh(1)) }),
			[]string{begin + "select", "insert; update", "insert", "commit"}},
		{"before Together", r, then(count, fresh(1), func(ctx context.Context) error { return txn.Together(ctx, one, another) }),
			[]string{begin + "select", "one update; insert", "insert; insert", "commit"}},
		{"in a unit that is rolled back", r, then(count, txn.RollbackOnly, fresh(1)),
			[]string{begin + "select", "one update; insert", "rollback"}},
		{"in a unit that is marked later", r, then(count, fresh(1), txn.RollbackOnly),
			[]string{begin + "select", "one update; insert", "rollback"}},
		{"whose session is to be reset", r, then(byHand("SELECT pg_advisory_lock(1)"), fresh(1)),
			[]string{begin + "select", "one update; insert", "commit; reset; reset; reset; close; unlisten; select; discard; discard"}},
		{"whose mode is uncertain", r, then(byHand("SET LOCAL work_mem = '1MB'"), fresh(1)),
			[]string{begin + "set", "one update; insert", "select", "commit; reset; reset; reset; close; unlisten; select; discard; discard"}},
		{"sent at once", eager, then(count, fresh(1)),
			[]string{begin + "select", "one update; insert", "commit"}},
		{"nothing", r, then(count, func(ctx context.Context) error { return txn.WithCommit(ctx, count) }),
			[]string{begin + "select", "select", "commit"}},
	} {
		if diff := cmp.Diff(tt.want, tt.rig.trips(t, txn.ReadWrite, tt.work)); diff != "" {
			t.Errorf("%s: flights (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestErrorsOfWritesThatTravelWithCommit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		work  func(context.Context) error
		check func(error) bool
	}{
		{"a constraint", writes("a", "1", "b"), func(err error) bool {
			return sqlState(err) == "23505" && strings.Contains(err.Error(), `INSERT INTO "idempotency_keys"`)
		}},
		{"no row", func(ctx context.Context) error {
			return txn.WithCommit(ctx, func(ctx context.Context) error {
				return errors.Join(insert(ctx, "a"), setStatus(ctx, "none", 1), insert(ctx, "b"))
			})
		}, func(err error) bool { return errors.Is(err, txn.ErrRowCount) }},
		{"two rows", func(ctx context.Context) error {
			return txn.WithCommit(ctx, func(ctx context.Context) error {
				n, err := txn.Update(ctx, `UPDATE "idempotency_keys" SET "status" = $1`, 7)
				if n != 1 {
					t.Errorf("rows = %d, want 1, which is to be found wrong", n)
				}
				return errors.Join(err, insert(ctx, "b"))
			})
		}, func(err error) bool { return errors.Is(err, txn.ErrRowCount) }},
		{"a value that can't be sent", func(ctx context.Context) error {
			return txn.WithCommit(ctx, func(ctx context.Context) error {
				_, err := txn.Update(ctx, `UPDATE "idempotency_keys" SET "status" = $1 WHERE "key" = '0'`, "no number")
				return errors.Join(insert(ctx, "a"), err, insert(ctx, "b"))
			})
		}, func(err error) bool { return sqlState(err) == "22P02" && !errors.Is(err, txn.ErrRowCount) }},
		{"a value that can't be encoded", func(ctx context.Context) error {
			return txn.WithCommit(ctx, func(ctx context.Context) error {
				_, err := txn.Update(ctx, `UPDATE "idempotency_keys" SET "status" = $1 WHERE "key" = '0'`, struct{}{})
				return errors.Join(insert(ctx, "a"), err, insert(ctx, "b"))
			})
		}, func(err error) bool { return err != nil }},
		{"a statement that can't be prepared", func(ctx context.Context) error {
			return txn.WithCommit(ctx, func(ctx context.Context) error {
				_, err := txn.Update(ctx, `UPDATE "idempotency_keys" SET "none" = $1`, 1)
				return errors.Join(insert(ctx, "a"), err)
			})
		}, func(err error) bool { return sqlState(err) == "42703" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := startRig(t, txn.Options{})
			if err := r.Run(t.Context(), txn.ReadWrite, count); err != nil {
				t.Fatal(err)
			}
			for _, before := range []struct {
				name string
				work func(context.Context) error
			}{{"at COMMIT", then(count, tt.work)}, {"before another statement", then(count, tt.work, countAgain)}, {"at once", tt.work}} {
				err := r.Run(t.Context(), txn.ReadWrite, before.work)
				if !tt.check(err) {
					t.Errorf("%s: Run() = %v", before.name, err)
				}
				if errors.Is(err, txn.ErrOutcomeUnknown) {
					t.Errorf("%s: Run() = %v, whose outcome is known", before.name, err)
				}
			}
			if diff := cmp.Diff([]pgtx.Outcome{pgtx.Committed, pgtx.RolledBack, pgtx.RolledBack}, r.outcomes[:3]); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
			wantExists(t, r.direct, "a", false)
			wantExists(t, r.direct, "b", false)
			if got := r.status(t, "0"); got != 0 {
				t.Errorf("status = %d, want 0", got)
			}
			if err := r.Run(t.Context(), txn.ReadWrite, then(count, writes("c"))); err != nil { // the session is as it was
				t.Error(err)
			}
			wantExists(t, r.direct, "c", true)
		})
	}
}

func sqlState(err error) string {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pgErr.Code
	}
	return ""
}

// What the work does after its writes still decides: they weren't sent.
func TestWorkThatEndsBadlyHasSentNothing(t *testing.T) {
	t.Parallel()
	if !levers.WaitingWrites {
		t.Skip("writes do not wait for COMMIT")
	}
	r := startRig(t, txn.Options{})
	errWork := errors.New("no")
	for name, end := range map[string]func(context.Context) error{
		"an error":     func(context.Context) error { return errWork },
		"a panic":      func(context.Context) error { panic(errWork) },
		"another's":    func(ctx context.Context) error { return ent.TxFromContext(ctx).Commit() },
		"a disconnect": func(ctx context.Context) error { return context.Cause(ctx) },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		transcript := r.proxy.Record()
		_ = panicOf(func() {
			err := r.Run(ctx, txn.ReadWrite, then(count, writes(name), func(ctx context.Context) error {
				if name == "a disconnect" {
					cancel()
				}
				return end(ctx)
			}))
			if err == nil {
				t.Errorf("%s: Run() = nil, want an error", name)
			}
		})
		cancel()
		transcript.Stop()
		for _, m := range transcript.Messages() {
			if strings.HasPrefix(m.SQL, "INSERT") {
				t.Errorf("%s: sent %v, want nothing", name, m)
			}
		}
		wantExists(t, r.direct, name, false)
	}
}

func TestHooksRunAroundWritesThatTravelWithCommit(t *testing.T) {
	t.Parallel()
	r := startRig(t, txn.Options{})
	var calls []string
	err := r.Run(t.Context(), txn.ReadWrite, then(count, writes("a"), func(ctx context.Context) error {
		ent.TxFromContext(ctx).OnCommit(func(next ent.Committer) ent.Committer {
			return ent.CommitFunc(func(txCtx context.Context, tx *ent.Tx) error {
				err := errors.Join(insert(ctx, "by the hook"), next.Commit(txCtx, tx))
				calls = append(calls, "hook")
				return err
			})
		})
		return txn.AfterCommit(ctx, func(ctx context.Context) error {
			calls = append(calls, "after")
			wantExists(t, r.direct, "a", true)
			return insertNothing(ctx)
		})
	}))
	if err != nil {
		t.Fatal(err)
	}
	wantExists(t, r.direct, "by the hook", true)
	if diff := cmp.Diff([]string{"hook", "after"}, calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// insertNothing finds the unit ended.
func insertNothing(ctx context.Context) error {
	if err := txn.WithCommit(ctx, func(context.Context) error { return io.ErrUnexpectedEOF }); !errors.Is(err, txn.ErrEnded) {
		return fmt.Errorf("WithCommit() after the end = %w, want %w", err, txn.ErrEnded)
	}
	return nil
}

// A COMMIT that pgx keeps prepared for the next time can't be executed by hand.
func TestAPreparedCommitCannotBeSentByHand(t *testing.T) {
	t.Parallel()
	r := startRig(t, txn.Options{})
	for _, name := range []string{"a", "b"} {
		if err := r.Run(t.Context(), txn.ReadWrite, then(count, writes(name))); err != nil {
			t.Fatal(err)
		}
	}
	err := r.Run(t.Context(), txn.ReadWrite, then(inserting("c"), func(ctx context.Context) error {
		tx, err := txn.SQLFromContext(ctx)
		if err != nil {
			return err
		}
		return tx.Pgx(ctx, func(conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "commit")
			return err
		})
	}))
	if !errors.Is(err, txn.ErrManaged) {
		t.Errorf("Run() = %v, want %v", err, txn.ErrManaged)
	}
	wantExists(t, r.direct, "c", false)
}

func TestWithCommitNeedsAUnit(t *testing.T) {
	t.Parallel()
	if err := txn.WithCommit(t.Context(), inserting("a")); !errors.Is(err, txn.ErrNoUnit) {
		t.Errorf("WithCommit() = %v, want %v", err, txn.ErrNoUnit)
	}
}

func TestAValueThatIsChangedLaterIsSentAsItWas(t *testing.T) {
	t.Parallel()
	r := startRig(t, txn.Options{})
	body := []byte("before")
	err := r.Run(t.Context(), txn.ReadWrite, then(count, func(ctx context.Context) error {
		defer copy(body, "after!")
		return txn.WithCommit(ctx, func(ctx context.Context) error {
			return rowtest.Create(ent.FromContext(ctx), "a").SetBody(body).Exec(ctx)
		})
	}))
	if err != nil {
		t.Fatal(err)
	}
	if n := pgtest.Value[int](t, r.pool, "SELECT count(*) FROM idempotency_keys WHERE body = 'before'"); n != 1 {
		t.Errorf("rows with the value at the time of the write = %d, want 1", n)
	}
}
