package txn

import (
	"database/sql"

	"golang.org/x/sync/semaphore"
)

// turns has those who wait for a connection of a pool get it in the order in which they
// came. Database/sql gives a connection to any of them: with many waiting, some would wait
// several times as long as the others, and be refused while those who came later are
// served.
type turns struct{ waiting *semaphore.Weighted }

// newTurns returns the turns of a pool. As many as it has connections wait in database/sql,
// so that connections are dialed at the same time; all others wait for their turn.
func newTurns(pool *sql.DB) *turns {
	if pool == nil {
		return nil
	}
	if most := pool.Stats().MaxOpenConnections; most > 0 {
		return &turns{semaphore.NewWeighted(int64(most))}
	}
	return nil
}

// conn takes a connection from the pool. A nil t is that of a pool in which nobody waits.
func (t *turns) conn(ctx *acquireContext, pool *sql.DB) (*sql.Conn, error) {
	if t == nil {
		return pool.Conn(ctx)
	}
	if !t.waiting.TryAcquire(1) {
		if err := t.waiting.Acquire(ctx.withDeadline(), 1); err != nil {
			return nil, err
		}
	}
	defer t.waiting.Release(1)
	return pool.Conn(ctx)
}
