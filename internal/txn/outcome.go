package txn

import (
	"context"
	"time"

	"commitment/internal/pgtx"
)

// The shortest and the longest wait between two queries for an outcome.
const (
	minOutcomePoll = 5 * time.Millisecond
	maxOutcomePoll = 500 * time.Millisecond
)

// resolveOutcome determines the outcome of a COMMIT that returned cause instead of a
// response. It asks on new connections until one of them knows, or until
// OutcomeTimeout: then the outcome is Unknown.
func (db *DB) resolveOutcome(ctx context.Context, xid pgtx.XID, cause error) (outcome pgtx.Outcome) {
	if db.options.Tracer != nil {
		traced, end := db.options.Tracer.OutcomeSearch(ctx)
		defer func() { end(outcome, cause) }()
		ctx = traced
	}
	ctx, cancel := context.WithTimeout(ctx, db.options.OutcomeTimeout)
	defer cancel()
	if xid == (pgtx.XID{}) {
		db.options.Log.ErrorContext(ctx, "commit outcome unknown, the transaction has no id", "cause", cause)
		return pgtx.Unknown
	}
	log := db.options.Log.With("xid", xid.Value, "timeline", xid.Origin.Timeline, "cause", cause)
	for wait := minOutcomePoll; ; wait = min(2*wait, maxOutcomePoll) {
		outcome, queryErr := pgtx.AskOutcome(ctx, db.pool, xid)
		if queryErr == nil {
			log.WarnContext(ctx, "commit response lost, outcome determined", "outcome", outcome.String())
			return outcome
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			log.ErrorContext(ctx, "commit outcome unknown", "error", queryErr)
			return pgtx.Unknown
		}
	}
}
