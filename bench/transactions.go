package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// transactions compares the request transaction with its peers.
var transactions = suite{
	name:  "transactions",
	title: "The request transaction",
	about: "A read and a transfer, to pgxpool by hand. The HTTP half is the same for all peers in Go.",
	peers: []*peer{
		{name: ours, title: "commitment (Ent, reqtx)", open: tuned(openOurs), modules: []string{"entgo.io/ent", "github.com/jackc/pgx/v5"}},
		{name: together, title: "the same, writes together (txn.Together)", open: tuned(openTogether)},
		{name: "pgx", title: "pgxpool, BEGIN … COMMIT by hand", open: openPgx, modules: []string{"github.com/jackc/pgx/v5"}},
		{name: "pgx400", title: "the same, GOGC=400 as the service has", open: tuned(openPgx)},
		{name: "sql", title: "database/sql + pgx", open: openSQL, modules: []string{"github.com/jackc/pgx/v5"}},
		{name: "ent", title: "Ent, eager transaction middleware", open: openEnt, modules: []string{"entgo.io/ent"}},
		{name: "gorm", title: "GORM", open: openGorm, modules: []string{"gorm.io/gorm", "gorm.io/driver/postgres"}},
		{name: "bun", title: "Bun", open: openBun, modules: []string{"github.com/uptrace/bun", "github.com/uptrace/bun/driver/pgdriver"}},
		{name: "fastapi", title: "FastAPI + SQLAlchemy async", start: startFastAPI},
	},
	reference: "pgx",
	delays:    []time.Duration{0, 500 * time.Microsecond, time.Millisecond, 5 * time.Millisecond},
	works: []work{
		{
			name: "read", title: "Read one account (one statement)", status: http.StatusOK,
			method: http.MethodGet,
			path:   func(r *rand.Rand) string { return "/accounts/" + accountID(r.IntN(accounts)).String() },
		},
		{
			name: "transfer", title: "A transfer (three statements: two UPDATEs, one INSERT)", status: http.StatusCreated,
			method: http.MethodPost,
			path:   func(*rand.Rand) string { return "/transfers" },
			body: func(r *rand.Rand) string {
				from := r.IntN(accounts)
				to := (from + 1 + r.IntN(accounts-1)) % accounts
				return fmt.Sprintf(`{"from":%q,"to":%q,"amount":%d,"memo":"rent"}`, accountID(from), accountID(to), 1+r.IntN(100))
			},
		},
		{
			name: "nothing", title: "A request that touches nothing", status: http.StatusOK,
			method: http.MethodGet,
			path:   func(*rand.Rand) string { return "/nothing" },
		},
		{
			name: "invalid", title: "A validation error", status: http.StatusUnprocessableEntity,
			method: http.MethodPost,
			path:   func(*rand.Rand) string { return "/transfers" },
			body: func(*rand.Rand) string {
				return fmt.Sprintf(`{"from":%q,"to":%q,"amount":0,"memo":"rent"}`, accountID(0), accountID(1))
			},
		},
	},
	aims: []aim{
		{"read, 0 ms: throughput", 1.2, true, func(r *results) float64 { return r.throughputRatio(read, 0, ours) }},
		{"transfer, 0 ms: throughput", 1.0, true, func(r *results) float64 { return r.throughputRatio(transfer, 0, ours) }},
		{"transfer together, 0 ms: throughput", 1.3, true, func(r *results) float64 { return r.throughputRatio(transfer, 0, together) }},
		{"nothing, 0 ms: throughput", 0.95, true, func(r *results) float64 { return r.throughputRatio("nothing", 0, ours) }},
		{"invalid, 0 ms: throughput", 0.95, true, func(r *results) float64 { return r.throughputRatio("invalid", 0, ours) }},
		{"read, 0 ms: CPU of the service", 0.8, false, func(r *results) float64 { return r.cpuRatio(read, 0, ours) }},
		{"read: allocations", 1.0, false, func(r *results) float64 { return r.allocsRatio(read, ours) }},
		{"read, 1 ms: p50", 0.40, false, func(r *results) float64 { return r.latencyRatio(read, time.Millisecond, ours, 0.5) }},
		{"read, 5 ms: p50", 0.35, false, func(r *results) float64 { return r.latencyRatio(read, 5*time.Millisecond, ours, 0.5) }},
		{"transfer, 1 ms: p50", 0.85, false, func(r *results) float64 { return r.latencyRatio(transfer, time.Millisecond, ours, 0.5) }},
		{"transfer together, 1 ms: p50", 0.55, false, func(r *results) float64 { return r.latencyRatio(transfer, time.Millisecond, together, 0.5) }},
	},
}
