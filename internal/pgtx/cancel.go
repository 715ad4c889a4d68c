package pgtx

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// cancelGrace is how long a canceled statement may take to stop on the server
	// before its connection is closed. Until then the connection can be kept.
	cancelGrace = 5 * time.Second
	// cancelDelay is how long a CancelRequest that the server has accepted may take to
	// reach the session. It could cancel a statement that is sent earlier.
	cancelDelay = 100 * time.Millisecond
)

// canceler cancels a statement on the server when its context ends, and keeps the
// connection; pgx closes it by default. Unlike pgx's own handler of this kind it never
// aborts a CancelRequest, which crashes PgBouncer 1.18.
type canceler struct {
	conn *pgconn.PgConn
	done chan struct{} // closed when the CancelRequest can't cancel anything any more
}

// HandleCancel cancels the statement.
func (c *canceler) HandleCancel(context.Context) {
	deadline := time.Now().Add(cancelGrace)
	_ = c.conn.Conn().SetDeadline(deadline) // fails only when the connection is closed
	c.done = make(chan struct{})
	go func() {
		defer close(c.done)
		ctx, cancel := context.WithDeadline(context.Background(), deadline)
		defer cancel()
		_ = c.conn.CancelRequest(ctx) // if it fails, the deadline ends the wait
		<-time.After(cancelDelay)
	}()
}

// HandleUnwatchAfterCancel makes the next statement wait for the CancelRequest.
func (c *canceler) HandleUnwatchAfterCancel() {
	<-c.done
	_ = c.conn.Conn().SetDeadline(time.Time{})
}
