package pgtx_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/pgtest"
	"commitment/internal/pgtx"
)

// TestWritesInFrontOfCommit commits with statements in front of COMMIT, of which one may
// fail, or COMMIT itself.
func TestWritesInFrontOfCommit(t *testing.T) {
	t.Parallel()
	insert := func(n any) pgtx.Write { return pgtx.Write{SQL: "INSERT INTO work VALUES ($1)", Args: []any{n}} }
	tests := []struct {
		name   string
		writes []pgtx.Write
		failed int // the index of the write that fails, or -1
		state  string
		rows   int
	}{
		{"that succeed", []pgtx.Write{insert(1), {SQL: "SELECT generate_series(1, 3)"}, insert(2)}, -1, "", 3},
		{"of which the first fails", []pgtx.Write{insert(7), insert(1)}, 0, "23505", 0},
		{"of which the last fails", []pgtx.Write{insert(1), insert(2), insert(1)}, 2, "23505", 0},
		{"of which one has a bad value", []pgtx.Write{insert(1), insert(struct{}{}), insert(2)}, 0, "", 0},
		{"of which one isn't parsed", []pgtx.Write{insert(1), {SQL: "INSERT INTO nothing VALUES (1)"}}, 0, "42P01", 0},
		{"that COMMIT refuses", []pgtx.Write{insert(1), insert(-1)}, -1, "22012", 0},
	}
	for _, mode := range modes {
		db := openMode(t, mode)
		pgtest.Exec(t, db, "CREATE TABLE work (n int PRIMARY KEY);"+atCommit("1 / (NEW.n + 1)"))
		for _, tt := range tests {
			for _, wanted := range []bool{false, true} {
				var made *pgtx.Tx
				err := commitWith(t.Context(), db, pgtx.TxOptions{AssignXID: true, WantPosition: wanted}, func(tx *pgtx.Tx) []pgtx.Write {
					made = tx
					return tt.writes
				})
				failed, state, outcome := -1, "", pgtx.Committed
				if w, ok := errors.AsType[*pgtx.WriteError](err); ok {
					failed = w.Index
				}
				if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
					state = pgErr.Code
				}
				if tt.rows == 0 {
					outcome = pgtx.RolledBack
				}
				if failed != tt.failed && (mode == modes[0] || tt.state != "42P01") || state != tt.state || pgtx.CommitOutcome(err) != outcome {
					t.Errorf("%s %s: CommitWith() = %v, of write %d, want %q of write %d", mode, tt.name, err, failed, tt.state, tt.failed)
				}
				if at := made.Position(); outcome == pgtx.Committed && at.IsZero() == wanted {
					t.Errorf("%s %s: position = %v, wanted = %v", mode, tt.name, at, wanted)
				}
				if n := pgtest.Value[int](t, db, "SELECT count(*) FROM work"); n != tt.rows {
					t.Errorf("%s %s: rows = %d, want %d", mode, tt.name, n, tt.rows)
				}
				pgtest.Exec(t, db, "DELETE FROM work")
			}
		}
	}
}

// commitWith inserts the row 7, and commits with the writes.
func commitWith(ctx context.Context, db *sql.DB, o pgtx.TxOptions, writes func(*pgtx.Tx) []pgtx.Write) error {
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	tx, err := pgtx.NewTx(conn, o)
	if err != nil {
		return err
	}
	if tx.CanCommitWith() {
		return errors.New("CanCommitWith() before the first statement, whose transaction has no id")
	}
	if _, err := conn.ExecContext(ctx, "INSERT INTO work VALUES (7)"); err != nil {
		return errors.Join(err, tx.Rollback(ctx))
	}
	if !tx.CanCommitWith() {
		return errors.New("CanCommitWith() = false, want true")
	}
	return tx.CommitWith(ctx, writes(tx))
}

func TestWhatKeepsWritesFromBeingInFrontOfCommit(t *testing.T) {
	t.Parallel()
	db := openMode(t, modes[0])
	for _, statement := range []string{"SET work_mem = '1MB'", "SELECT pg_advisory_lock(1)", "DO $$ BEGIN END $$", "LISTEN a", "SELECT 1/0"} {
		err := inTx(t.Context(), db, pgtx.TxOptions{}, func(conn *sql.Conn, tx *pgtx.Tx) error {
			_, _ = conn.ExecContext(t.Context(), statement)
			if tx.CanCommitWith() {
				t.Errorf("%s: CanCommitWith() = true, want false", statement)
			}
			return nil
		})
		if err != nil && statement != "SELECT 1/0" {
			t.Error(err)
		}
	}
}
