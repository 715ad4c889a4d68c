package migration

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// waitForSameStatement waits until no other session runs the same statement. The server
// goes on with what a killed program had started until it notices, and the Atlas CLI
// doesn't hold its lock on the connection that works.
func (s *stepwise) waitForSameStatement(ctx context.Context, c command) error {
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		same, err := querySessions(ctx, s, `SELECT `+sessions+` FROM pg_stat_activity a
			WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.state = 'active'
			AND octet_length(a.query) >= least(octet_length($1), 100) AND starts_with($1, a.query)`, c.sql)
		if err != nil {
			return fmt.Errorf("look for the same statement: %w", err)
		}
		if len(same) == 0 {
			return nil
		}
		if wait == firstWait {
			s.timeouts.options.Log.InfoContext(ctx, "waiting for the same statement of an earlier run", "run_by", describe(same))
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(wait):
		}
	}
}

// repair cleans up what an earlier try of the command left behind. If done, nothing is
// left to run.
func (s *stepwise) repair(ctx context.Context, c command, resumed bool) (done bool, err error) {
	switch c.action {
	case createIndex:
		return s.repairIndex(ctx, c, resumed)
	case dropIndex:
		if !resumed {
			return false, nil
		}
		err = s.scan(ctx, &done, "SELECT to_regclass($1) IS NULL", c.object.Text)
		return done, err
	case detachPartition:
		return s.finishDetach(ctx, c, resumed)
	case reindex:
		return false, s.dropLeftovers(ctx, c)
	case other, addConstraint, unforce:
	}
	return false, nil
}

// existingIndex is the index that has the name of the one to build.
type existingIndex struct {
	name  string // qualified
	valid bool
	// onTable says that it is an index of that table, rather than the parent of its
	// partitions' indexes, which may be invalid for other reasons.
	onTable bool
}

// findIndex returns the zero value if the name is free.
func (s *stepwise) findIndex(ctx context.Context, c command) (existingIndex, error) {
	var b existingIndex
	err := s.timeouts.conn.QueryRowContext(ctx, `SELECT quote_ident(n.nspname) || '.' || quote_ident(x.relname), coalesce(i.indisvalid, true),
			x.relkind = 'i' AND coalesce(i.indrelid = t.oid, false)
		FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace
		JOIN pg_class x ON x.oid = to_regclass(quote_ident(n.nspname) || '.' || $2)
		LEFT JOIN pg_index i ON i.indexrelid = x.oid
		WHERE t.oid = to_regclass($1)`, c.table.Text, c.object.Text).Scan(&b.name, &b.valid, &b.onTable)
	if errors.Is(err, sql.ErrNoRows) {
		return existingIndex{}, nil
	}
	if err != nil {
		return existingIndex{}, fmt.Errorf("look for index: %w", err)
	}
	return b, nil
}

// repairIndex drops the invalid index that a failed build left, which CREATE INDEX IF
// NOT EXISTS would keep. A valid index that an earlier run may have built is kept if it
// is the same.
func (s *stepwise) repairIndex(ctx context.Context, c command, resumed bool) (done bool, err error) {
	b, err := s.findIndex(ctx, c)
	switch {
	case err != nil || !b.onTable:
		return false, err
	case b.valid && resumed:
		return isSameIndex(ctx, s.timeouts.conn, c, b.name)
	case b.valid:
		return false, nil
	}
	return false, s.dropInvalid(ctx, b.name)
}

func (s *stepwise) dropInvalid(ctx context.Context, index string) error {
	s.timeouts.options.Log.WarnContext(ctx, "dropping the invalid index that a failed build left", "index", index)
	drop := command{sql: "DROP INDEX CONCURRENTLY IF EXISTS " + index, class: concurrent}
	if _, err := s.outsideTransaction(ctx, drop); err != nil {
		return fmt.Errorf("drop invalid index %s: %w", index, err)
	}
	return nil
}

// dropLeftovers drops the indexes that a failed REINDEX CONCURRENTLY left on a table
// under names of PostgreSQL's. Each try would leave another one, which slows down every
// write and serves no query.
func (s *stepwise) dropLeftovers(ctx context.Context, c command) error {
	const query = `SELECT coalesce(array_to_json(array_agg(i.indexrelid::regclass::text ORDER BY i.indexrelid)), '[]')
		FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
		WHERE NOT i.indisvalid AND x.relkind = 'i' AND x.relname ~ '_cc(new|old)[0-9]*$'
		AND i.indrelid IN (SELECT to_regclass($1) UNION ALL SELECT indrelid FROM pg_index WHERE indexrelid = to_regclass($1))`
	var list []byte
	if err := s.scan(ctx, &list, query, c.object.Text); err != nil {
		return err
	}
	var names []string
	if err := json.Unmarshal(list, &names); err != nil {
		return err
	}
	for _, name := range names {
		if err := s.dropInvalid(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// verify checks that an index that was built is valid.
func (s *stepwise) verify(ctx context.Context, c command) error {
	if c.action != createIndex {
		return nil
	}
	b, err := s.findIndex(ctx, c)
	if err == nil && b.onTable && !b.valid {
		err = fmt.Errorf("index %s is invalid after it was built", b.name)
	}
	return err
}

// finishDetach finalizes a stopped DETACH PARTITION CONCURRENTLY. Until then no other
// partition can be detached.
func (s *stepwise) finishDetach(ctx context.Context, c command, resumed bool) (done bool, err error) {
	pending, err := s.pendingDetach(ctx, c)
	if err != nil {
		return false, err
	}
	if pending != "" {
		s.timeouts.options.Log.WarnContext(ctx, "finishing the detach that was stopped", "table", c.table.Text, "partition", pending)
		finish := command{sql: fmt.Sprintf("ALTER TABLE %s DETACH PARTITION %s FINALIZE", c.table.Text, pending)}
		if _, err := s.outsideTransaction(ctx, finish); err != nil {
			return false, fmt.Errorf("finish detach of %s: %w", pending, err)
		}
	}
	if pending == "" && !resumed {
		return false, nil
	}
	err = s.scan(ctx, &done, `SELECT to_regclass($1) IS NOT NULL AND NOT EXISTS (
		SELECT FROM pg_inherits WHERE inhparent = to_regclass($2) AND inhrelid = to_regclass($1))`, c.object.Text, c.table.Text)
	return done, err
}

// pendingDetach is the partition whose detach is pending; a table has at most one.
func (s *stepwise) pendingDetach(ctx context.Context, c command) (string, error) {
	var name string
	err := s.scan(ctx, &name, `SELECT coalesce(max(inhrelid::regclass::text), '') FROM pg_inherits
		WHERE inhparent = to_regclass($1) AND inhdetachpending`, c.table.Text)
	return name, err
}

// scan queries a single value.
func (s *stepwise) scan(ctx context.Context, into any, query string, args ...any) error {
	if err := s.timeouts.conn.QueryRowContext(ctx, query, args...).Scan(into); err != nil {
		return fmt.Errorf("look for what an earlier run left: %w", err)
	}
	return nil
}
