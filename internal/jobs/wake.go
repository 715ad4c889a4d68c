package jobs

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"commitment/internal/txn"
)

const (
	// insertTopic is the channel on which River's workers listen for inserted jobs.
	insertTopic = "river_insert"
	// wakeInterval is the time between two notifications of a process about a queue.
	wakeInterval = 50 * time.Millisecond
	// wakeTimeout limits a notification. If it is lost, the workers poll.
	wakeTimeout = 5 * time.Second
)

// wakeWorkers returns an after-commit function that tells the workers of a queue to look
// for jobs.
func wakeWorkers(queue string) func(context.Context) error {
	return func(ctx context.Context) error {
		target := wakeTarget{txn.DBFromContext(ctx), queue}
		if !wakes.admit(target) {
			return nil
		}
		return target.notify(ctx)
	}
}

// wakeTarget is a queue in a database.
type wakeTarget struct {
	db    *txn.DB
	queue string
}

// wakes limits the notifications of this process.
var wakes = wakeLimiter{resting: map[wakeTarget]bool{}}

// wakeLimiter admits one notification per interval, for each target. Those that come
// meanwhile are made up for by one at the end of the interval.
type wakeLimiter struct {
	mu sync.Mutex
	// resting are the targets that were notified within the interval, and whether they
	// are to be notified again.
	resting map[wakeTarget]bool
}

// admit reports whether to notify the target now.
func (l *wakeLimiter) admit(target wakeTarget) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, rests := l.resting[target]; rests {
		l.resting[target] = true
		return false
	}
	l.resting[target] = false
	time.AfterFunc(wakeInterval, func() { l.rested(target) })
	return true
}

// rested ends the interval of a target.
func (l *wakeLimiter) rested(target wakeTarget) {
	l.mu.Lock()
	again := l.resting[target]
	delete(l.resting, target)
	l.mu.Unlock()
	if again && l.admit(target) {
		_ = target.notify(context.Background()) // the workers poll
	}
}

// notify notifies the workers of the target.
func (t wakeTarget) notify(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, wakeTimeout)
	defer cancel()
	return t.db.Run(ctx, txn.ReadWrite, func(ctx context.Context) error {
		tx, err := txn.PgxTx(ctx)
		if err != nil {
			return err
		}
		return driver.UnwrapExecutor(tx).NotifyMany(ctx, &riverdriver.NotifyManyParams{
			Topic:   insertTopic,
			Payload: []string{fmt.Sprintf(`{"queue": %q}`, t.queue)},
		})
	})
}

// driver makes River's statements.
var driver = riverpgxv5.New(nil)
