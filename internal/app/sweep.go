package app

import (
	"context"
	"time"

	"commitment/internal/idempotency"
	"commitment/internal/txn"
)

// How often expired keys are deleted, and how many per transaction.
const (
	sweepInterval = time.Minute
	sweepBatch    = 500
)

// sweepKeys deletes expired Idempotency-Keys until ctx ends.
func (s *service) sweepKeys(ctx context.Context) {
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			s.sweepOnce(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// sweepOnce deletes batches until one isn't full.
func (s *service) sweepOnce(ctx context.Context) {
	for swept := sweepBatch; swept == sweepBatch; {
		err := s.tenants.RunAcross(ctx, "delete expired Idempotency-Keys", txn.ReadWrite, func(ctx context.Context) (err error) {
			swept, err = idempotency.Sweep(ctx, sweepBatch)
			return err
		})
		if err != nil {
			if ctx.Err() == nil {
				s.log.WarnContext(ctx, "failed to delete expired Idempotency-Keys", "error", err)
			}
			return
		}
	}
}
