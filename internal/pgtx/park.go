package pgtx

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

const (
	// parkTime is how long a COMMIT is parked at most. Until it is sent, the transaction
	// keeps its snapshot, which VACUUM respects, and the locks on what it has read, which
	// DDL and TRUNCATE wait for. On a busy connection the next BEGIN comes sooner, and on
	// an idle one nothing is saved.
	parkTime = 5 * time.Millisecond
	// parkedTimeout is how long a parked COMMIT that is sent by itself may take before its
	// connection is closed. It has nothing to do on the server.
	parkedTimeout = time.Second
)

// parking is where the COMMIT of a transaction that has only read waits for the next use
// of its connection, or for a timer. Whoever comes first takes it and sends it; until then
// nobody reads from the connection or writes to it.
type parking struct {
	conn     net.Conn
	mu       sync.Mutex  // held while the timer commits
	timer    *time.Timer // made when it is first needed; under mu
	occupied atomic.Bool // changed under mu
	broken   atomic.Bool // a COMMIT has failed, and the connection is closed
}

// park parks the COMMIT of w's transaction.
func (w *wire) park() {
	p := &w.parking
	p.mu.Lock()
	defer p.mu.Unlock()
	p.occupied.Store(true)
	if p.timer == nil {
		p.timer = time.AfterFunc(parkTime, w.commitIdle)
	} else {
		p.timer.Reset(parkTime)
	}
}

// take takes the parked COMMIT, and reports whether there was one. It waits for the timer
// to commit.
func (p *parking) take() bool {
	if !p.occupied.Load() {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer.Stop()
	return p.occupied.Swap(false)
}

// usable reports whether the connection can be used, once the timer has committed.
func (p *parking) usable() bool {
	if p.occupied.Load() {
		p.mu.Lock()
		defer p.mu.Unlock()
	}
	return !p.broken.Load()
}

// commitIdle commits a transaction whose connection has been idle for parkTime.
func (w *wire) commitIdle() {
	p := &w.parking
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.occupied.Load() {
		_ = w.commitParked() // its error is the next user's
		p.occupied.Store(false)
	}
}

// commitParked sends the COMMIT of a parked transaction, which the caller has taken, and
// waits for its end. If it fails it closes the connection.
func (w *wire) commitParked() error {
	p := &w.parking
	guard := time.AfterFunc(parkedTimeout, func() { _ = p.conn.Close() })
	defer guard.Stop()
	_, err := w.out.Write(commitQuery)
	for done := false; err == nil && !done; {
		done, err = w.committed()
	}
	if err != nil {
		p.broken.Store(true)
		_ = p.conn.Close()
	}
	return err
}

// committed reads one message of the response to a parked COMMIT, and reports whether it
// was the last one. It must touch nothing that a user of the connection does before
// something is sent.
func (w *wire) committed() (done bool, err error) {
	kind, message, err := w.readMessage()
	if err != nil {
		return false, err
	}
	body := message[headerSize:]
	switch kind {
	case msgCommandComplete:
		return false, nil
	case msgReadyForQuery:
		return true, wantIdle(body)
	case msgNoticeResponse, msgNotificationResponse:
		w.passOn = append(w.passOn, message...)
		return false, nil
	case msgErrorResponse:
		return false, parkedError(body)
	}
	// A parameter has changed as the server read its configuration again. To tell pgx is
	// not worth the trouble.
	return false, &ConnectionError{fmt.Errorf("unexpected message %q in the response to COMMIT", kind)}
}

// wantIdle returns an error unless a ReadyForQuery says that no transaction is open.
func wantIdle(body []byte) error {
	if string(body) != "I" {
		return &ConnectionError{fmt.Errorf("the state behind COMMIT is %q", body)}
	}
	return nil
}

// ErrStale is the connection error of a first statement that hasn't run, since the server
// had ended the connection's last transaction, or its session: it can run on another one.
var ErrStale = errors.New("the connection's last transaction was ended")

// parkedError returns the server's error of a parked COMMIT. Its SQLSTATE says nothing of
// the statement behind it.
func parkedError(body []byte) error {
	var response pgproto3.ErrorResponse
	if err := response.Decode(body); err != nil {
		return &ConnectionError{err}
	}
	return &ConnectionError{fmt.Errorf("%w: %s", ErrStale, pgconn.ErrorResponseToPgError(&response).Error())}
}

var (
	// commitQuery is COMMIT in the simple query protocol, and idle the end of its response.
	commitQuery = encodeFixed(&pgproto3.Query{String: "commit"})
	idle        = encodeFixed(&pgproto3.ReadyForQuery{TxStatus: 'I'})

	// parkedCommits are a COMMIT in front of BEGIN in the extended query protocol, by whether
	// the connection prepares its statements.
	parkedCommits = map[bool]*beginStatement{false: newCommit(false), true: newCommit(true)}
)

func newCommit(prepare bool) *beginStatement {
	s := &beginStatement{sql: "commit", name: "commit"}
	if err := s.encode(prepare); err != nil {
		panic(err) // constants can be encoded
	}
	return s
}

func encodeFixed(m pgproto3.Message) []byte {
	message, err := m.Encode(nil)
	if err != nil {
		panic(err) // constants can be encoded
	}
	return message
}

// Park ends a transaction that has only read, as Commit or Rollback would, without sending
// anything: COMMIT is sent in front of the next BEGIN on the connection, before anything
// else that is sent on it, or by a timer. Pgx and the pool take the connection for idle at
// once. It reports false, and does nothing, if [Tx.CanPark] does.
func (t *Tx) Park() bool {
	if !t.CanPark() {
		return false
	}
	t.wire.discardUnsent(t.pgx)
	open := t.wire.tellIdle(t.pgx.PgConn())
	t.leave()
	if open {
		t.wire.park()
	}
	return true
}

// CanPark reports whether Park is allowed: the transaction is open and can't write, it has
// no locks but those of its queries and no notifications to send, it has left its session
// as it was, and its position is known if it's wanted. A SERIALIZABLE one could make others fail. Behind a pooler COMMIT
// gives the server's connection back, which another client may wait for.
func (t *Tx) CanPark() bool {
	tr := &t.wire.tracker
	return t.conn.direct && t.o.ReadOnly && belowSerializable(t.o.Isolation) && !t.o.readsPositionLast() &&
		!t.Busy() && t.State() == StateOpen && tr.inStep() &&
		!tr.modeUncertain && !tr.awaited && !tr.needsReset && !tr.needsClose && len(tr.changedParams) == 0
}

// belowSerializable reports whether a level is known to be below SERIALIZABLE; the default
// may be anything.
func belowSerializable(level sql.IsolationLevel) bool {
	switch isolation(level) {
	case "", "serializable":
		return false
	}
	return true
}

// tellIdle tells pgx that no transaction is open. It returns false if the server has ended
// the session meanwhile: then none is.
func (w *wire) tellIdle(conn *pgconn.PgConn) bool {
	w.passOn = append(w.passOn, idle...)
	for conn.TxStatus() != 'I' {
		if _, err := conn.ReceiveMessage(context.Background()); err != nil {
			return false
		}
	}
	w.tracker.status = 'I'
	return true
}
