package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"commitment/bench/internal/markdown"
	"commitment/bench/internal/process"
	"commitment/ent"
	"commitment/ent/account"
	"commitment/internal/postgres"
	"commitment/internal/schemakit"
	"commitment/internal/tenancy"
	"commitment/internal/txn"
)

const (
	tenantsSuite = "tenants"
	// manyTenants have tenantRows rows together.
	manyTenants, tenantRows = 1000, 1_000_000
	// readRounds are the rounds in which policies and filters take turns, and
	// readsInRound how often each reads in one.
	readRounds, readsInRound = 50, 200
	aimPolicy                = 1.1 // times the CPU of a filter
)

// tenantsRows replace the rows of the fixture.
var tenantsRows = []string{
	`TRUNCATE accounts CASCADE`,
	fmt.Sprintf(`INSERT INTO accounts (id, tenant_id, created_at, updated_at, version, name, currency, balance, allow_negative)
		SELECT (lpad(to_hex(n), 12, '0') || substr(md5(n::text), 1, 20))::uuid, md5((n %% %d)::text)::uuid, now(), now(), 1, 'account ' || n, 'EUR', 0, true
		FROM generate_series(1, %d) n`, manyTenants, tenantRows),
	`VACUUM ANALYZE accounts`,
}

// reader reads rows of one tenant on one connection.
type reader struct {
	tenancy.DB
	backend int // the process of PostgreSQL
	// filters is whether it filters by tenant itself, in a role that no policy holds.
	filters bool
}

// openReader opens a reader. Its pool ends with the server, which is a throwaway.
func openReader(ctx context.Context, url string, filters bool) (*reader, error) {
	o := postgres.Options{URL: url, MaxOpenConns: 1, MaxIdleConns: 1, PingAfter: time.Hour}
	if !filters {
		o.Role = schemakit.AppRole
	}
	pool, err := postgres.Open(o)
	if err != nil {
		return nil, err
	}
	r := &reader{DB: tenancy.DB{DB: txn.New(pool, txn.Options{})}, filters: filters}
	return r, pool.QueryRowContext(ctx, "SELECT pg_backend_pid()").Scan(&r.backend)
}

// rowOf is a row, and whose it is.
type rowOf struct{ tenant, id uuid.UUID }

// read reads a row, or the first fifty of its tenant.
func (r *reader) read(ctx context.Context, row rowOf, list bool) error {
	work := func(ctx context.Context) error {
		q := ent.FromContext(ctx).Account.Query()
		if r.filters {
			q.Where(account.TenantID(row.tenant))
		}
		if list {
			all, err := q.Order(ent.Asc(account.FieldID)).Limit(50).All(ctx)
			if err == nil && len(all) != 50 {
				err = fmt.Errorf("rows = %d, want 50", len(all))
			}
			return err
		}
		_, err := q.Where(account.ID(row.id)).Only(ctx)
		return err
	}
	if r.filters {
		return r.Run(ctx, txn.ReadOnly, work)
	}
	return r.RunIn(ctx, row.tenant, txn.ReadOnly, work)
}

// spent is the CPU that the service and PostgreSQL have taken.
func (r *reader) spent() (service, server time.Duration) {
	return process.CPUTime(os.Getpid()), process.CPUTime(r.backend)
}

// tenantRead is a kind of read, and what it costs by policies and by filters.
type tenantRead struct {
	title                          string
	policy, filter                 []float64 // microseconds of CPU, by round
	policyOfServer, filterOfServer []float64 // what of it PostgreSQL takes
}

// measureTenants measures reads of a tenant's rows among those of many.
func measureTenants(ctx context.Context, db *database) ([]*tenantRead, error) {
	const name = "bench_tenants"
	url, err := db.create(ctx, name)
	if err != nil {
		return nil, err
	}
	if err := db.exec(ctx, name, tenantsRows...); err != nil {
		return nil, fmt.Errorf("fill the table: %w", err)
	}
	policy, err := openReader(ctx, url, false)
	if err != nil {
		return nil, err
	}
	filter, err := openReader(ctx, url, true)
	if err != nil {
		return nil, err
	}
	rows, err := sampleRows(ctx, filter)
	if err != nil {
		return nil, err
	}
	all := []*tenantRead{{title: "one row"}, {title: "50 rows"}}
	for i := range readRounds {
		for _, kind := range all {
			list := kind != all[0]
			if i%2 == 0 { // so that neither is always the second
				kind.policy, kind.policyOfServer, err = policy.round(ctx, rows, list, kind.policy, kind.policyOfServer)
			}
			if err == nil {
				kind.filter, kind.filterOfServer, err = filter.round(ctx, rows, list, kind.filter, kind.filterOfServer)
			}
			if err == nil && i%2 != 0 {
				kind.policy, kind.policyOfServer, err = policy.round(ctx, rows, list, kind.policy, kind.policyOfServer)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", kind.title, err)
			}
		}
	}
	return all, nil
}

// round measures one round, and adds to what the others have cost.
func (r *reader) round(ctx context.Context, rows []rowOf, list bool, all, ofServer []float64) (_, _ []float64, err error) {
	serviceBefore, serverBefore := r.spent()
	for i := range readsInRound {
		if err := r.read(ctx, rows[i], list); err != nil {
			return nil, nil, err
		}
	}
	service, server := r.spent()
	service, server = service-serviceBefore, server-serverBefore
	micros := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 / readsInRound }
	return append(all, micros(service+server)), append(ofServer, micros(server)), nil
}

// sampleRows are rows from all over the table.
func sampleRows(ctx context.Context, r *reader) (rows []rowOf, err error) {
	err = r.Run(ctx, txn.ReadOnly, func(ctx context.Context) error {
		found, err := ent.FromContext(ctx).Account.Query().Order(sql.OrderByRand()).Limit(readsInRound).All(ctx)
		for _, a := range found {
			rows = append(rows, rowOf{a.TenantID, a.ID})
		}
		return err
	})
	return rows, err
}

// writeTenants writes what a tenant's reads cost.
func writeTenants(p *markdown.Printer, all []*tenantRead) {
	if all == nil {
		return
	}
	p.Line("\n# Tenants\n")
	p.Line("Reading rows of one of %d tenants, who have %d rows together, by row-level security and by a filter in the query that no policy", manyTenants, tenantRows)
	p.Line("repeats, in microseconds of CPU of the service and of PostgreSQL, in brackets what of it PostgreSQL takes. Medians of %d rounds of %d;", readRounds, readsInRound)
	p.Line("the ratio is taken within a round.\n")
	p.Line("| read | policy µs | filter µs | ratio | aim | |\n|---|--:|--:|--:|--:|---|")
	for _, kind := range all {
		ratio, verdict := medianRatio(kind.policy, kind.filter), "reached"
		if ratio > aimPolicy {
			verdict = "missed"
		}
		p.Line("| %s | %.0f (%.0f) | %.0f (%.0f) | %.2f | %g | %s |", kind.title,
			median(slices.Clone(kind.policy)), median(slices.Clone(kind.policyOfServer)),
			median(slices.Clone(kind.filter)), median(slices.Clone(kind.filterOfServer)), ratio, aimPolicy, verdict)
	}
}
