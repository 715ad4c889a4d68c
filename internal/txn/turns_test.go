package txn

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"slices"
	"testing"
	"testing/synctest"
)

// connector makes connections to nothing.
type connector struct{}

func (connector) Connect(context.Context) (sqldriver.Conn, error) { return nothing{}, nil }
func (connector) Driver() sqldriver.Driver                        { return nil }

type nothing struct{ sqldriver.Conn }

func (nothing) Close() error { return nil }

// With one connection the order is exact: as many waiters as there are connections wait in
// database/sql, which doesn't keep any.
func TestConnectionsAreTakenInTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := sql.OpenDB(connector{})
		defer func() { _ = pool.Close() }()
		pool.SetMaxOpenConns(1)
		turns := newTurns(pool)
		first, err := turns.conn(&acquireContext{current: t.Context()}, pool)
		if err != nil {
			t.Fatal(err)
		}
		const waiters = 50
		var served []int
		for i := range waiters {
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				defer cancel()
				conn, err := turns.conn(&acquireContext{current: ctx}, pool)
				if err != nil {
					return
				}
				served = append(served, i)
				_ = conn.Close()
			}()
			synctest.Wait()
			if i%10 == 9 {
				cancel() // it has left, and keeps nobody waiting
				synctest.Wait()
			}
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(served) != waiters-waiters/10 || !slices.IsSorted(served) {
			t.Errorf("served = %v, want all that have waited, in their order", served)
		}
	})
}

func TestAPoolWithoutALimitHasNoTurns(t *testing.T) {
	t.Parallel()
	pool := sql.OpenDB(connector{})
	t.Cleanup(func() { _ = pool.Close() })
	conn, err := newTurns(pool).conn(&acquireContext{current: t.Context()}, pool)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
}
