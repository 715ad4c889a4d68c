package stats

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// serverQuery reads the server's version and time, and whether there is a schema to
// read.
const serverQuery = `SELECT current_setting('server_version'), now(), current_schema() IS NOT NULL`

// tablesQuery sums each table with its partitions. pg_class.reltuples is as old as the
// last ANALYZE, so it is scaled to the present size, as the planner does. The rows of a
// table that was never analyzed are estimated from the rows written to it and from its
// size, at 100 bytes per row. If the server's counters were never reset, they are
// divided by its uptime, which makes the rates too high rather than too low.
const tablesQuery = `
WITH period AS (
	SELECT GREATEST(1, extract(epoch FROM now() - COALESCE(
		(SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()),
		pg_postmaster_start_time()))) AS seconds
), relations AS (
	SELECT COALESCE(pg_partition_root(c.oid), c.oid) AS root,
		CASE
			WHEN c.reltuples >= 0 AND c.relpages > 0
				THEN c.reltuples / c.relpages * (pg_relation_size(c.oid) / current_setting('block_size')::float)
			ELSE GREATEST(s.n_live_tup, pg_relation_size(c.oid) / 100)
		END AS rows,
		pg_table_size(c.oid) AS bytes,
		pg_indexes_size(c.oid) AS index_bytes,
		(SELECT count(*) FROM pg_index i WHERE i.indrelid = c.oid) AS indexes,
		s.n_tup_ins + s.n_tup_upd + s.n_tup_del AS writes,
		s.seq_tup_read + COALESCE(s.idx_tup_fetch, 0) AS reads
	FROM pg_class c
	LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
	WHERE c.relkind IN ('r', 'p')
)
SELECT t.relname,
	COALESCE(round(sum(r.rows)), 0)::bigint,
	COALESCE(sum(r.bytes), 0)::bigint,
	COALESCE(sum(r.index_bytes), 0)::bigint,
	max(r.indexes)::int,
	(COALESCE(sum(r.writes), 0) / min(p.seconds))::float,
	(COALESCE(sum(r.reads), 0) / min(p.seconds))::float
FROM relations r
JOIN pg_class t ON t.oid = r.root
CROSS JOIN period p
WHERE t.relnamespace = quote_ident(current_schema())::regnamespace AND t.relname <> 'atlas_schema_revisions'
GROUP BY t.oid, t.relname
ORDER BY t.relname COLLATE "C"`

// Read reads the sizes of the tables in the connection's current schema. It reads
// catalogs and counters only, so a role that may connect is enough. If somebody holds
// ACCESS EXCLUSIVE on a table, Read waits until ctx ends.
func Read(ctx context.Context, db *sql.DB) (Snapshot, error) {
	var s Snapshot
	var schema bool
	if err := db.QueryRowContext(ctx, serverQuery).Scan(&s.Server, &s.Taken, &schema); err != nil {
		return Snapshot{}, fmt.Errorf("read server version: %w", err)
	}
	if !schema {
		return Snapshot{}, errors.New("no schema to read: no schema on search_path exists")
	}
	s.Server, _, _ = strings.Cut(s.Server, " ") // packagers add their own behind it
	s.Taken = s.Taken.UTC().Truncate(time.Second)
	rows, err := db.QueryContext(ctx, tablesQuery)
	if err != nil {
		return Snapshot{}, fmt.Errorf("read table sizes: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var t Table
		if err := rows.Scan(&t.Name, &t.Rows, &t.Bytes, &t.IndexBytes, &t.Indexes, &t.WritesPerSecond, &t.ReadsPerSecond); err != nil {
			return Snapshot{}, fmt.Errorf("read table sizes: %w", err)
		}
		s.Tables = append(s.Tables, t)
	}
	if err := rows.Err(); err != nil {
		return Snapshot{}, fmt.Errorf("read table sizes: %w", err)
	}
	return s, nil
}
