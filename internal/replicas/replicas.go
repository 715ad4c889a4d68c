// Package replicas knows which streaming replicas may serve a read: those that respond, have
// the primary's database, follow its timeline and don't lag too far behind. It checks them all the
// time, leaves out one that fails at once, and takes it back by itself. What a replica
// has replayed by the time of a read is up to the read itself: package pgtx has it
// checked in the first statement's flight.
package replicas

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"commitment/internal/pgtx"
)

// Options configure a Set.
type Options struct {
	// MaxLag is how far a replica may be behind the primary, in time. Defaults to 10
	// seconds.
	MaxLag time.Duration
	// Interval is the time between two checks of a server; a replica that fails is
	// checked less often, down to an eighth. Defaults to a second.
	Interval time.Duration
	// Timeout limits a check. Defaults to two seconds.
	Timeout time.Duration
	// Log gets a line when a replica is left out, and when it is taken back. Defaults to
	// slog.Default().
	Log *slog.Logger
}

// maxBackoff limits the time between two checks of a replica that fails, in intervals.
const maxBackoff = 8

// Replica is a streaming replica of the primary.
type Replica struct {
	// Name identifies it in logs and metrics.
	Name string
	// Pool serves the reads.
	Pool *sql.DB
	// Probe is a pool of one connection for the checks, which would otherwise queue
	// behind the reads.
	Probe *sql.DB
	// Verify says whether the service may use the replica at all. It is asked until it
	// returns nil once. Nil is no condition.
	Verify func(ctx context.Context) error

	up       atomic.Bool
	replayed atomic.Uint64 // an LSN that it is known to have replayed
	missed   atomic.Uint64 // the least LSN that it hadn't replayed a moment ago
	missedAt atomic.Int64  // when, in nanoseconds

	mu       sync.Mutex
	verified bool
	status   Status
}

// Status is the state of a replica.
type Status struct {
	Name string
	// Up says that it serves reads, and Reason otherwise why it doesn't.
	Up     bool
	Reason string
	// Lag is how far it is behind the primary, and LagBytes how much of the log.
	Lag      time.Duration
	LagBytes uint64
}

// Set is a primary's replicas. It is safe for concurrent use.
type Set struct {
	primary  *sql.DB
	replicas []*Replica
	options  Options
	next     atomic.Uint64 // whose turn it is
	timeline atomic.Uint32 // the primary's, as last seen; 0 before
	database atomic.Value  // the primary's, as last seen
	failure  atomic.Value  // the error of the primary's last check, in a failure
	history  history
}

// New returns the set of replicas of the primary, none of which serves before its first
// check.
func New(primary *sql.DB, replicas []*Replica, o Options) *Set {
	o.MaxLag = cmp.Or(o.MaxLag, 10*time.Second)
	o.Interval = cmp.Or(o.Interval, time.Second)
	o.Timeout = cmp.Or(o.Timeout, 2*time.Second)
	if o.Log == nil {
		o.Log = slog.Default()
	}
	for _, r := range replicas {
		r.status = Status{Name: r.Name, Reason: errUnchecked.Error()}
	}
	return &Set{primary: primary, replicas: replicas, options: o}
}

// Pools returns the pools of the replicas.
func (s *Set) Pools() []*sql.DB {
	var all []*sql.DB
	for _, r := range s.replicas {
		all = append(all, r.Pool)
	}
	return all
}

// failure is an error, or none.
type failure struct{ error }

var (
	errUnchecked = errors.New("not checked yet")
	errNoPrimary = errors.New("the primary's timeline isn't known")
	// errOtherDatabase is that of a URL that leads elsewhere: LSNs and timelines of two
	// clusters may look as if one followed the other.
	errOtherDatabase = errors.New("it is a replica of another database")
)

// Run checks the servers until ctx ends.
func (s *Set) Run(ctx context.Context) {
	var checks sync.WaitGroup
	checks.Go(func() { s.repeat(ctx, s.checkPrimary) })
	for _, r := range s.replicas {
		checks.Go(func() { s.repeat(ctx, func(ctx context.Context) error { return s.check(ctx, r) }) })
	}
	checks.Wait()
}

// repeat calls check again and again, less often while it fails.
func (s *Set) repeat(ctx context.Context, check func(context.Context) error) {
	for wait := s.options.Interval; ; {
		if check(ctx) == nil {
			wait = s.options.Interval
		} else {
			wait = min(2*wait, maxBackoff*s.options.Interval)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// Check checks all servers once, and returns why replicas are left out.
func (s *Set) Check(ctx context.Context) error {
	errs := []error{s.checkPrimary(ctx)}
	for _, r := range s.replicas {
		if err := s.check(ctx, r); err != nil {
			errs = append(errs, fmt.Errorf("replica %s: %w", r.Name, err))
		}
	}
	return errors.Join(errs...)
}

// checkPrimary notes the primary's position. While it doesn't respond, replicas go on.
func (s *Set) checkPrimary(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	p, err := pgtx.AskPrimary(ctx, s.primary)
	s.failure.Store(failure{err})
	if err != nil {
		return err
	}
	s.database.Store(p.Database)
	s.Observe(p.Position)
	s.history.add(pgtx.Position{Timeline: p.Position.Timeline, LSN: p.Flushed}, time.Now())
	return nil
}

// Observe notes a position that was read on the primary: after a promotion no replica
// serves until it follows the new timeline.
func (s *Set) Observe(p pgtx.Position) {
	for {
		known := s.timeline.Load()
		if p.Timeline <= known || s.timeline.CompareAndSwap(known, p.Timeline) {
			return
		}
	}
}

// Timeline returns the primary's timeline, as last seen.
func (s *Set) Timeline() uint32 { return s.timeline.Load() }

// check checks a replica.
func (s *Set) check(ctx context.Context, r *Replica) error {
	ctx, cancel := context.WithTimeout(ctx, s.options.Timeout)
	defer cancel()
	p, err := r.ask(ctx)
	status := Status{Name: r.Name}
	if err == nil {
		status.Lag, status.LagBytes = s.history.lag(p.Position, time.Now())
		err = s.fit(p, status.Lag)
	}
	if err == nil {
		r.advanceTo(p.Position.LSN)
	}
	s.set(ctx, r, status, err)
	return err
}

// ask returns the report of a replica that the service may use.
func (r *Replica) ask(ctx context.Context) (pgtx.Report, error) {
	r.mu.Lock()
	verified := r.verified || r.Verify == nil
	r.mu.Unlock()
	if !verified {
		if err := r.Verify(ctx); err != nil {
			return pgtx.Report{}, err
		}
		r.mu.Lock()
		r.verified = true
		r.mu.Unlock()
	}
	return pgtx.AskStandby(ctx, r.Probe)
}

// fit returns why a replica can't serve.
func (s *Set) fit(p pgtx.Report, lag time.Duration) error {
	database, _ := s.database.Load().(string)
	switch timeline := s.timeline.Load(); {
	case timeline == 0 || database == "":
		why, _ := s.failure.Load().(failure)
		return errors.Join(errNoPrimary, why.error)
	case p.Database != database:
		return errOtherDatabase
	case p.Position.Timeline != timeline:
		return fmt.Errorf("it follows timeline %d, and the primary's is %d", p.Position.Timeline, timeline)
	case lag > s.options.MaxLag:
		return fmt.Errorf("it lags by more than %v", s.options.MaxLag)
	}
	return nil
}

// Failed leaves a replica out until its next check, because a read has failed on it.
func (s *Set) Failed(ctx context.Context, r *Replica, err error) {
	s.set(ctx, r, Status{Name: r.Name}, err)
}

// set sets whether a replica serves, and logs when that changes.
func (s *Set) set(ctx context.Context, r *Replica, status Status, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if status.Up = err == nil; !status.Up {
		status.Reason = err.Error()
		r.replayed.Store(0)
	}
	changed := r.up.Swap(status.Up) != status.Up || !status.Up && r.status.Reason == errUnchecked.Error()
	r.status = status
	switch {
	case !changed:
	case status.Up:
		s.options.Log.InfoContext(ctx, "replica serves reads", "replica", r.Name)
	default:
		s.options.Log.WarnContext(ctx, "replica left out", "replica", r.Name, "error", err)
	}
}

// Status returns the state of each replica.
func (s *Set) Status() []Status {
	var all []Status
	for _, r := range s.replicas {
		r.mu.Lock()
		all = append(all, r.status)
		r.mu.Unlock()
	}
	return all
}
