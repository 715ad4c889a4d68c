package txn

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
)

// outerScanner scans a row, and looks at the rows that it is a part of meanwhile.
type outerScanner struct {
	rows  pgx.Rows
	value int
}

// ScanRow scans the row.
func (s *outerScanner) ScanRow(row pgx.Rows) error {
	if columns := s.rows.FieldDescriptions(); len(columns) != 1 || s.rows.Err() != nil || len(s.rows.RawValues()) != 1 {
		return fmt.Errorf("columns = %v, error = %w", columns, s.rows.Err())
	}
	return row.Scan(&s.value)
}

func TestForeignCodeWhileRowsAreRead(t *testing.T) {
	t.Parallel()
	called := errors.New("called")
	batch := func(f func(rows pgx.Rows) error) *pgx.Batch {
		b := &pgx.Batch{}
		b.Queue("SELECT 1").Query(f)
		return b
	}
	for name, tt := range map[string]struct {
		work func(ctx context.Context, tx pgx.Tx) error
		want error
	}{
		"a scanner looks at its rows": {func(ctx context.Context, tx pgx.Tx) error {
			rows, err := tx.Query(ctx, "SELECT 7")
			if err != nil {
				return err
			}
			defer rows.Close()
			s := &outerScanner{rows: rows}
			for rows.Next() {
				if err := rows.Scan(s); err != nil || s.value != 7 {
					return fmt.Errorf("value = %d: %w", s.value, err)
				}
			}
			return rows.Err()
		}, nil},
		"a function of a batch closes it": {func(ctx context.Context, tx pgx.Tx) error {
			var results pgx.BatchResults
			results = tx.SendBatch(ctx, batch(func(rows pgx.Rows) error {
				rows.Close()
				_ = results.Close()
				return called
			}))
			return results.Close()
		}, called},
		"a function of a batch panics": {func(ctx context.Context, tx pgx.Tx) (err error) {
			defer func() { err = fmt.Errorf("%w: %v", called, recover()) }()
			results := tx.SendBatch(ctx, batch(func(pgx.Rows) error { panic("function") }))
			defer func() { _ = results.Close() }()
			return results.Close()
		}, called},
		"a function of a batch panics, and nobody closes it": {func(ctx context.Context, tx pgx.Tx) (err error) {
			defer func() { err = fmt.Errorf("%w: %v", called, recover()) }()
			return tx.SendBatch(ctx, batch(func(pgx.Rows) error { panic("function") })).Close()
		}, called},
		"a batch that is left open calls nothing": {func(ctx context.Context, tx pgx.Tx) error {
			tx.SendBatch(ctx, batch(func(pgx.Rows) error { panic("in no goroutine of the handler's") }))
			return called
		}, called},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, 1, Options{})
			if err := f.runPgx(t, tt.work); !errors.Is(err, tt.want) {
				t.Errorf("Run() = %v, want %v", err, tt.want)
			}
			if err := f.runPgx(t, func(ctx context.Context, tx pgx.Tx) error { _, err := tx.Exec(ctx, "SELECT 1"); return err }); err != nil {
				t.Errorf("the next unit: %v", err)
			}
		})
	}
}
