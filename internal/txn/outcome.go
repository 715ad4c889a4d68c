package txn

import (
	"context"
	"time"

	"commitment/internal/pgtx"
)

// How long to wait before asking for an outcome again: at first, and at most.
const (
	firstAsk = 5 * time.Millisecond
	lastAsk  = 500 * time.Millisecond
)

// resolve finds out how a transaction ended whose COMMIT returned err instead of
// an answer. It asks new connections until one knows or OutcomeTimeout has passed;
// what nobody can tell stays Unknown.
func (db *DB) resolve(xid pgtx.XID, err error) pgtx.Outcome {
	ctx, cancel := context.WithTimeout(context.Background(), db.o.OutcomeTimeout)
	defer cancel()
	if xid == (pgtx.XID{}) {
		db.o.Log.Error("commit got no answer, and its id isn't known", "cause", err)
		return pgtx.Unknown
	}
	log := db.o.Log.With("xid", xid.Value, "timeline", xid.Origin.Timeline, "cause", err)
	for wait := firstAsk; ; wait = min(2*wait, lastAsk) {
		outcome, askErr := pgtx.AskOutcome(ctx, db.pool, xid)
		if askErr == nil {
			log.Warn("commit got no answer, the outcome was asked for", "outcome", outcome.String())
			return outcome
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			log.Error("commit got no answer, and the outcome can't be known", "error", askErr)
			return pgtx.Unknown
		}
	}
}
