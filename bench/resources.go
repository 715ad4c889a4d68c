package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"commitment/internal/authn"
	"commitment/internal/httpapi"
	"commitment/internal/identity"
	"commitment/internal/ledger"
	"commitment/internal/postgres"
	"commitment/internal/telemetry"
)

// resources compares a generated resource with handlers.
var resources = suite{
	name:  "resources",
	title: "Resources",
	about: "Accounts as a generated resource, beside the handlers that it replaced and others written by hand. The first two have the service's\n" +
		"middleware, request transaction and huma.",
	peers: []*peer{
		{name: generated, title: "generated resource", open: openResources, modules: []string{"entgo.io/ent", "github.com/danielgtaylor/huma/v2"}},
		{name: "byhand", title: "by hand: Ent, huma, reqtx", open: openByHand, modules: []string{"entgo.io/ent", "github.com/danielgtaylor/huma/v2"}},
		{name: "gormchi", title: "by hand: GORM, chi", open: openGormChi, modules: []string{"gorm.io/gorm", "github.com/go-chi/chi/v5"}},
	},
	reference: "byhand",
	delays:    []time.Duration{0},
	works: []work{
		{
			name: "list", title: "List 50 accounts", status: http.StatusOK,
			method: http.MethodGet,
			path:   func(*rand.Rand) string { return "/v1/accounts?limit=50" },
		},
		{
			name: "read", title: "Read an account", status: http.StatusOK,
			method: http.MethodGet,
			path:   resourcePath,
		},
		{
			name: "create", title: "Create an account", status: http.StatusCreated,
			method: http.MethodPost,
			path:   func(*rand.Rand) string { return "/v1/accounts" },
			body:   func(r *rand.Rand) string { return fmt.Sprintf(`{"name":"new %x","currency":"EUR"}`, r.Uint64()) },
		},
		{
			name: "patch", title: "Patch an account, which is locked", status: http.StatusOK,
			method: http.MethodPatch,
			path:   resourcePath,
			body:   func(r *rand.Rand) string { return fmt.Sprintf(`{"name":"other %x"}`, r.Uint64()) },
		},
	},
	aims: slices.Concat(resourceAims("list"), resourceAims("read"), resourceAims("create"), resourceAims("patch")),
}

// resourceAims are those of a kind of request.
func resourceAims(work string) []aim {
	return []aim{
		{work + ": CPU", 1.05, false, func(r *results) float64 { return r.cpuRatio(work, 0, generated) }},
		{work + ": round trips", 1, false, func(r *results) float64 {
			own, other := r.trips[cell{work: work, peer: generated}], r.trips[cell{work: work, peer: r.reference}]
			return float64(own.total) / float64(other.total)
		}},
	}
}

const generated = "generated"

func resourcePath(r *rand.Rand) string { return "/v1/accounts/" + accountID(r.IntN(accounts)).String() }

// openResources opens the service itself, with its generated resources.
func openResources(url string, pool int) (http.Handler, error) {
	o, err := serviceOptions(url, pool)
	return httpapi.New(o), err
}

// asMember takes everybody for one sender who may do everything.
func asMember(func(http.ResponseWriter, *http.Request, error)) func(http.Handler) http.Handler {
	return authn.As(&identity.Principal{Subject: "member", Tenant: tenant, Scopes: httpapi.Scopes()})
}

// serviceOptions are those of the service, with its defaults, and a log that nobody reads.
func serviceOptions(url string, pool int) (httpapi.Options, error) {
	db, err := openUnit(url, pool)
	if err != nil {
		return httpapi.Options{}, err
	}
	metrics, log := telemetry.NewMetrics(), telemetry.NewLogger(io.Discard, telemetry.JSON, slog.LevelInfo, nil)
	return httpapi.Options{
		DB:             db,
		Log:            log,
		Classify:       postgres.Constraints(ledger.Constraints).Classify,
		Ready:          func(context.Context) error { return nil },
		Observe:        metrics.Requests,
		Metrics:        metrics.Handler(),
		Authenticate:   asMember,
		RequestTimeout: 30 * time.Second,
		ReadTimeout:    30 * time.Second,
		MaxBody:        1 << 20,
		MaxResponse:    16 << 20,
		MaxMemory:      1 << 20,
		KeyLifetime:    24 * time.Hour,
	}, nil
}
