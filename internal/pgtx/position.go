package pgtx

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Position is a point in the history of a database cluster. A standby that has replayed
// it shows everything that was committed before it. The zero Position is before
// everything.
type Position struct {
	// Timeline is that of the primary. It grows with each promotion, and the LSNs of two
	// timelines say nothing about each other.
	Timeline uint32
	// LSN is the location in the write-ahead log.
	LSN uint64
	// XMax, unless it is zero, is the transaction id before which all that had been
	// committed by then was seen on a standby. A standby shows a commit as soon as it has
	// replayed it, and the primary only when it has done everything else for it, such as
	// wait for a synchronous standby: so it may show it later.
	XMax uint64
}

// Unreached returns a position that no standby of a timeline ever replays: only the
// primary is sure to show what was committed before it.
func Unreached(timeline uint32) Position { return Position{Timeline: timeline, LSN: math.MaxUint64} }

// Compare orders positions: -1 if p is before o, 1 if it is after it.
func (p Position) Compare(o Position) int {
	return cmp.Or(cmp.Compare(p.Timeline, o.Timeline), cmp.Compare(p.LSN, o.LSN), cmp.Compare(p.XMax, o.XMax))
}

// IsZero reports whether p is the zero Position.
func (p Position) IsZero() bool { return p == Position{} }

// String returns the position for a log, its LSN as PostgreSQL writes it.
func (p Position) String() string { return fmt.Sprintf("%d:%s", p.Timeline, formatLSN(p.LSN)) }

// timelineSQL is an expression for the timeline that a standby follows. Without the
// privileges of pg_read_all_stats it is taken from the control file: then it may be that
// of before a promotion until the standby's next restartpoint, and is never a later one.
const timelineSQL = `coalesce((select received_tli from pg_stat_wal_receiver), greatest(
	(select timeline_id from pg_control_checkpoint()), (select min_recovery_end_timeline from pg_control_recovery())))`

// The checks fail by a cast of text that says why, since the server logs it: after an
// error it skips what was sent behind it.
const (
	// replayedSQL fails unless the server is a standby of a timeline and has replayed an
	// LSN. It has to run in a transaction of its own: the snapshot of one that reads more
	// than once is older than the result of its first statement.
	replayedSQL = `select case when not pg_is_in_recovery() then 'no standby' when ` + timelineSQL + ` <> $1::int8 then 'another timeline'
	when pg_last_wal_replay_lsn() >= $2::pg_lsn then '1' else format('replayed %s, not yet %s', pg_last_wal_replay_lsn(), $2) end::int`

	// completedSQL fails unless all transactions before an id are completed in the
	// snapshot, which the transaction keeps.
	completedSQL = `select case when pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8 then '1' else format('%s is not yet completed', $1) end::int`

	// primaryPositionSQL selects the primary's position: nothing that the statement, or
	// one before it, can see was committed after it. It isn't the LSN of the last flush:
	// an asynchronous commit is visible before its flush. On a standby it fails.
	primaryPositionSQL = `select pg_walfile_name(lsn), lsn from pg_current_wal_insert_lsn() lsn`

	// standbyPositionSQL selects what a standby has replayed, what it has received, and the
	// first transaction id that its snapshot can't show.
	standbyPositionSQL = `select pg_last_wal_replay_lsn(), pg_last_wal_receive_lsn(), pg_snapshot_xmax(pg_current_snapshot())`
)

// primaryPosition decodes a row of primaryPositionSQL.
func primaryPosition(row []byte) (Position, error) {
	values, err := columns(row, 2)
	if err != nil {
		return Position{}, err
	}
	return parsePosition(values[0], values[1])
}

// parsePosition returns the position of an LSN in a WAL file, whose name begins with the
// timeline.
func parsePosition(file, lsn string) (Position, error) {
	if len(file) < 8 {
		return Position{}, fmt.Errorf("%q is no name of a WAL file", file)
	}
	timeline, err := strconv.ParseUint(file[:8], 16, 32)
	if err != nil {
		return Position{}, err
	}
	at, err := ParseLSN(lsn)
	return Position{Timeline: uint32(timeline), LSN: at}, err
}

// standbyPosition decodes a row of standbyPositionSQL, which was read in a snapshot, to a
// position that covers the snapshot. A commit is visible shortly before its LSN counts as
// replayed. So if there is more to replay, the position is one byte ahead: it is reached
// with the end of the record that may be being replayed.
func standbyPosition(row []byte, timeline uint32) (Position, error) {
	values, err := columns(row, 3)
	if err != nil {
		return Position{}, err
	}
	lsn, err := ParseLSN(values[0])
	if err != nil {
		return Position{}, err
	}
	if values[1] != values[0] {
		lsn++
	}
	xmax, err := strconv.ParseUint(values[2], 10, 64)
	return Position{timeline, lsn, xmax}, err
}

// columns returns the columns of a DataRow. NULL is "".
func columns(row []byte, n int) ([]string, error) {
	var decoded pgproto3.DataRow
	if err := decoded.Decode(row); err != nil {
		return nil, err
	}
	if len(decoded.Values) != n {
		return nil, fmt.Errorf("%d columns, want %d", len(decoded.Values), n)
	}
	values := make([]string, n)
	for i, v := range decoded.Values {
		values[i] = string(v)
	}
	return values, nil
}

// ParseLSN parses a pg_lsn, such as 16/B374D848.
func ParseLSN(text string) (uint64, error) {
	high, low, ok := strings.Cut(text, "/")
	h, highErr := strconv.ParseUint(high, 16, 32)
	l, lowErr := strconv.ParseUint(low, 16, 32)
	if !ok || highErr != nil || lowErr != nil {
		return 0, fmt.Errorf("%q is no LSN", text)
	}
	return h<<32 | l, nil
}

func formatLSN(lsn uint64) string { return fmt.Sprintf("%X/%X", lsn>>32, lsn&math.MaxUint32) }

// readsPositionFirst reports whether the position is read at the start of the transaction,
// rather than at its end: if all of its statements see the same snapshot, and it doesn't
// write.
func (o *TxOptions) readsPositionFirst() bool {
	return o.WantPosition && o.ReadOnly && !o.AssignXID && isolation(o.Isolation) == "repeatable read"
}

// readsPositionLast reports whether the position is read at the end of the transaction.
func (o *TxOptions) readsPositionLast() bool {
	return o.WantPosition && !o.Standby && !o.readsPositionFirst()
}

// Position returns a position that covers everything that the transaction has seen or
// written, if it was asked for. It is zero before the first statement, unless the
// transaction reads one snapshot before the end, and if it couldn't be read.
func (t *Tx) Position() Position {
	var p Position
	var err error
	tr := &t.wire.tracker
	switch {
	case !t.o.WantPosition || !tr.started:
		return Position{}
	case !t.o.readsPositionFirst():
		p, err = primaryPosition(tr.endRow)
	case t.o.Standby:
		p, err = standbyPosition(t.wire.lastRow, t.o.After.Timeline)
	default:
		p, err = primaryPosition(t.wire.lastRow)
	}
	if err != nil {
		return Position{}
	}
	return p
}

// Behind reports whether the first statement has failed because the server doesn't show
// yet what the transaction is to begin after, or isn't the standby that it asks for.
func (t *Tx) Behind() bool {
	tr := &t.wire.tracker
	return t.o.check() != noCheck && !tr.started && t.wire.failedAt == checkIndex && tr.cause != nil && tr.cause.Code == invalidText
}

// check is how a transaction checks that it begins after a position.
type check uint8

const (
	noCheck        check = iota
	replayedCheck        // by replayedSQL
	completedCheck       // by completedSQL
)

func (o *TxOptions) check() check {
	switch {
	case o.Standby:
		return replayedCheck
	case o.After.XMax != 0 && o.readsPositionFirst():
		return completedCheck
	}
	return noCheck
}

// checkArgs returns the arguments of the check's statement.
func (o *TxOptions) checkArgs() []string {
	if o.Standby {
		return []string{strconv.FormatUint(uint64(o.After.Timeline), 10), formatLSN(o.After.LSN)}
	}
	return []string{strconv.FormatUint(o.After.XMax, 10)}
}

// Report is what a server says of itself.
type Report struct {
	// Position is where the primary is, or what a standby has replayed.
	Position Position
	// Flushed is the LSN up to which the primary's log is flushed, which is what standbys
	// can have at most.
	Flushed uint64
	// Database identifies the database. It is the same in all copies of a cluster, and in
	// no other.
	Database string
}

// databaseSQL is an expression for [Report.Database].
const databaseSQL = `(SELECT system_identifier || '/' || oid FROM pg_control_system(), pg_database WHERE datname = current_database())`

// AskPrimary returns the report of the primary. It fails on a standby.
func AskPrimary(ctx context.Context, db *sql.DB) (Report, error) {
	var r Report
	var file, lsn, flushed string
	const ask = `SELECT pg_walfile_name(lsn), lsn::text, pg_current_wal_flush_lsn()::text, ` + databaseSQL + ` FROM pg_current_wal_insert_lsn() lsn`
	err := db.QueryRowContext(ctx, ask).Scan(&file, &lsn, &flushed, &r.Database)
	if err == nil {
		r.Position, err = parsePosition(file, lsn)
	}
	if err == nil {
		r.Flushed, err = ParseLSN(flushed)
	}
	return r, err
}

// AskStandby returns the report of a standby, or [ErrNoStandby].
func AskStandby(ctx context.Context, db *sql.DB) (Report, error) {
	var r Report
	var timeline sql.NullInt64
	var lsn sql.NullString
	const ask = `SELECT CASE WHEN pg_is_in_recovery() THEN ` + timelineSQL + ` END, pg_last_wal_replay_lsn()::text, ` + databaseSQL
	if err := db.QueryRowContext(ctx, ask).Scan(&timeline, &lsn, &r.Database); err != nil {
		return Report{}, err
	}
	if !timeline.Valid || !lsn.Valid {
		return Report{}, ErrNoStandby
	}
	at, err := ParseLSN(lsn.String)
	r.Position = Position{Timeline: uint32(timeline.Int64), LSN: at} //nolint:gosec // a TimeLineID is a uint32
	return r, err
}

// ErrNoStandby is the error of AskStandby for a server that isn't in recovery, or
// recovers from a backup.
var ErrNoStandby = errors.New("the server isn't a standby")
