package pgtx

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// cancelGrace is how long a canceled statement may take to stop on the server
	// before its connection is given up. Within it a cancellation costs nothing.
	cancelGrace = 5 * time.Second
	// cancelArrives is how long a CancelRequest that the server has taken may be on
	// its way to the session: a statement that comes sooner could be hit by it.
	cancelArrives = 100 * time.Millisecond
)

// canceler cancels a statement on the server when its context ends, and keeps the
// connection; pgx's default is to cut it. Unlike pgx's own handler of this kind it
// never breaks off a CancelRequest: PgBouncer 1.18 dies of that.
type canceler struct {
	conn *pgconn.PgConn
	done chan struct{} // closed when the CancelRequest can hit nothing any more
}

// HandleCancel cancels the statement.
func (c *canceler) HandleCancel(context.Context) {
	deadline := time.Now().Add(cancelGrace)
	_ = c.conn.Conn().SetDeadline(deadline) // when it fails the connection is closed
	c.done = make(chan struct{})
	go func() {
		defer close(c.done)
		ctx, cancel := context.WithDeadline(context.Background(), deadline)
		defer cancel()
		_ = c.conn.CancelRequest(ctx) // without it the deadline ends the wait
		<-time.After(cancelArrives)
	}()
}

// HandleUnwatchAfterCancel has the next statement wait until the CancelRequest is
// through.
func (c *canceler) HandleUnwatchAfterCancel() {
	<-c.done
	_ = c.conn.Conn().SetDeadline(time.Time{})
}
