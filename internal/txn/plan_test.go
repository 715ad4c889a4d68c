package txn

import (
	"context"
	"fmt"
	"sync"
	"testing"
)

// A migration changes tables under all connections at once, each of which has plans
// for them: no caller gets an error, and work is retried twice at most.
func TestPlansChangedByAMigration(t *testing.T) {
	t.Parallel()
	const conns, tables, rounds = 15, 3, 3
	f := open(t, conns, Options{})
	for i := range tables {
		f.exec(t, fmt.Sprintf("CREATE TABLE changed%d (id int); INSERT INTO changed%d VALUES (1)", i, i))
	}
	// read reads all tables, beginning with one of them.
	read := func(ctx context.Context, first int) error {
		return f.Run(ctx, ReadWrite, func(ctx context.Context) error {
			tx, err := SQLFromContext(ctx)
			for i := range tables {
				if err == nil {
					err = allColumns(ctx, tx, (first+i)%tables)
				}
			}
			return err
		})
	}
	for round := range rounds {
		var all sync.WaitGroup
		for i := range 4 * conns {
			all.Go(func() {
				if err := read(t.Context(), i); err != nil {
					t.Errorf("round %d: Run() = %v, want nil", round, err)
				}
			})
		}
		all.Wait()
		for i := range tables {
			f.exec(t, fmt.Sprintf("ALTER TABLE changed%d ADD COLUMN more%d int", i, round))
		}
	}
}

// allColumns reads a table by a plan that a new column makes stale.
func allColumns(ctx context.Context, tx SQL, table int) error {
	rows, err := tx.QueryContext(ctx, fmt.Sprintf("SELECT * FROM changed%d", table))
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		continue
	}
	return rows.Err()
}

// A function may deallocate all plans of its connection, and nobody sees it.
func TestPlansThatAreGone(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	f.exec(t, "CREATE FUNCTION deallocates() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$")
	for i, query := range []string{"SELECT 'x'", "SELECT coalesce(deallocates()::text, 'x')", "SELECT 'x'", "SELECT 'x'"} {
		err := f.Run(t.Context(), ReadWrite, func(ctx context.Context) error {
			if err := insert(ctx, fmt.Sprint(i)); err != nil {
				return err
			}
			_, err := value(ctx, query)
			return err
		})
		if err != nil {
			t.Errorf("%s: Run() = %v, want nil", query, err)
		}
	}
}
