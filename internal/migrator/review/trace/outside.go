package trace

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"commitment/internal/migration/catalog"
)

// pollInterval is how often the observer checks whether a statement is waiting.
const pollInterval = 2 * time.Millisecond

// runOutside runs a statement outside of any transaction, where its locks are gone when
// it returns. The observer locks every table so that the statement has to wait, reads
// which locks it holds and waits for, and then lets it continue.
//
// CONCURRENTLY statements wait for writers, and have taken their own lock by then. The
// counters of scans may have been reset meanwhile, so a table counts as scanned if it
// or one of its indexes has new storage.
func (s *session) runOutside(ctx context.Context, stmt *Statement) error {
	if err := s.observe(ctx); err != nil {
		return err
	}
	before, err := s.look(ctx, s.observer)
	if err != nil {
		return err
	}
	if err := s.block(ctx, before, stmt.SQL); err != nil {
		return err
	}
	start := time.Now()
	done := make(chan error, 1)
	go func() {
		_, err := s.conn.ExecContext(ctx, stmt.SQL)
		done <- err
	}()
	during, failed, err := s.watch(ctx, done)
	stmt.Duration = time.Since(start)
	if err != nil {
		return err
	}
	if failed != nil {
		stmt.fail(failed)
		return nil
	}
	after, err := s.look(ctx, s.observer)
	if err != nil {
		return err
	}
	stmt.Locks = before.taken(during, before)
	stmt.Rewrites = before.rewritten(after, before)
	if err := s.read(ctx, stmt); err != nil {
		return err
	}
	stmt.Scans = built(*stmt)
	return nil
}

func (s *session) observe(ctx context.Context) (err error) {
	if s.observer != nil {
		return nil
	}
	if s.observer, err = s.db.Conn(ctx); err != nil {
		return fmt.Errorf("connect to dev database a second time: %w", err)
	}
	return nil
}

// blockingLock is the lock that makes a statement wait: its mode, and whether it is on
// all tables or on partitions only. VACUUM isn't blocked by writers, but by others of
// its kind. DETACH holds nothing while it waits for users of the table, so it is
// blocked at the partition.
func blockingLock(query string) (mode string, partitions bool) {
	switch strings.ToUpper(strings.Fields(query)[0]) {
	case "VACUUM":
		return "SHARE UPDATE EXCLUSIVE", false
	case "ALTER":
		return "ACCESS SHARE", true
	}
	return "ROW EXCLUSIVE", false
}

// block makes the observer block whoever wants to change a table.
func (s *session) block(ctx context.Context, now state, query string) error {
	if _, err := s.observer.ExecContext(ctx, "BEGIN"); err != nil {
		return fmt.Errorf("begin observer's transaction: %w", err)
	}
	mode, partitions := blockingLock(query)
	var tables []string
	for _, r := range now.relations {
		if r.table && (r.part || !partitions) {
			tables = append(tables, r.sql)
		}
	}
	if len(tables) == 0 {
		return nil
	}
	if _, err := s.observer.ExecContext(ctx, "LOCK TABLE "+strings.Join(tables, ", ")+" IN "+mode+" MODE"); err != nil {
		return fmt.Errorf("lock tables: %w", err)
	}
	return nil
}

// watch polls until the statement waits or has ended, lets it continue, and returns
// what it saw and how the statement ended.
func (s *session) watch(ctx context.Context, done <-chan error) (seen state, failed, err error) {
	for {
		select {
		case failed := <-done:
			return seen, failed, s.unblock(ctx)
		case <-time.After(pollInterval):
		}
		if seen, err = s.look(ctx, s.observer); err != nil || seen.waiting {
			break
		}
	}
	if err := s.unblock(ctx); err != nil {
		return seen, nil, err
	}
	return seen, <-done, err
}

func (s *session) unblock(ctx context.Context) error {
	if _, err := s.observer.ExecContext(ctx, "ROLLBACK"); err != nil {
		return fmt.Errorf("end observer's transaction: %w", err)
	}
	return nil
}

// built are the tables that a statement must have scanned, because they or one of their
// indexes were rebuilt.
func built(stmt Statement) []string {
	var all []string
	for _, t := range stmt.After.Tables {
		old, was := stmt.Before.Table(t.Name)
		fresh := slices.ContainsFunc(t.Indexes, func(i catalog.Index) bool {
			had := slices.ContainsFunc(old.Indexes, func(o catalog.Index) bool { return o.OID == i.OID })
			return !had || slices.Contains(stmt.Rewrites, i.Name)
		})
		if was && (fresh || slices.Contains(stmt.Rewrites, t.Name)) {
			all = append(all, t.Name)
		}
	}
	return all
}
