package postgres

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// errCommitting is why no CancelRequest leaves for a connection that commits.
var errCommitting = errors.New("a COMMIT isn't canceled")

// commit sends COMMIT and waits for its answer no longer than ctx lasts, but never
// cancels it, as pgx does when a context ends or a connection is lost: of a wait for
// a synchronous replica that is canceled PostgreSQL says that it has committed, and
// shows the work to others, though the replica may never get it.
func (w *wire) commit(ctx context.Context, conn *pgx.Conn) (pgconn.CommandTag, error) {
	end, _ := ctx.Deadline() // the zero time is none, for both
	if err := conn.PgConn().Conn().SetDeadline(end); err != nil {
		return pgconn.CommandTag{}, lost(err)
	}
	w.committing.Store(true)
	tag, err := conn.Exec(context.WithoutCancel(ctx), "commit")
	if conn.IsClosed() {
		return tag, err // pgx closes it behind our back, and would cancel
	}
	w.committing.Store(false)
	_ = conn.PgConn().Conn().SetDeadline(time.Time{}) // when it fails the next statement finds out
	return tag, err
}

// dialer returns dial for a connection that has w: both it and the CancelRequests for
// it are dialed in this way.
func (w *wire) dialer(dial pgconn.DialFunc) pgconn.DialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if w.committing.Load() {
			return nil, errCommitting
		}
		return dial(ctx, network, addr)
	}
}
