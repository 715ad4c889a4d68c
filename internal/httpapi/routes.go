// Package httpapi is the service's HTTP API. All routes are in routes.go; each noun has a
// file. Handlers take the client from the request's context, let package ledger work,
// and turn the result into a body. When the transaction ends, and what the response is
// then, is up to package reqtx.
package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"

	"commitment/ent/resource"
	"commitment/internal/idempotency"
	"commitment/internal/identity"
	"commitment/internal/ledger"
	"commitment/internal/middleware"
	"commitment/internal/problem"
	"commitment/internal/replicas"
	"commitment/internal/reqtx"
	"commitment/internal/rest"
	"commitment/internal/tenancy"
	"commitment/internal/txn"
)

// Options configure the API. All are required but those that say what nil or 0 is, Origins and Proxies.
type Options struct {
	// DB makes the unit of work of each request under /v1.
	DB *txn.DB
	// Log gets the access log and the causes of errors.
	Log *slog.Logger
	// Classify turns a database's error into a fault.
	Classify func(error) error
	// Ready returns why the service can't serve now, or nil.
	Ready func(context.Context) error
	// Trace makes spans of requests, TraceID returns the id of a request's trace, and
	// RecordError records in it why the request failed. Nil without traces.
	Trace       func(route func(*http.Request) string) func(http.Handler) http.Handler
	TraceID     func(context.Context) string
	RecordError func(context.Context, error)
	// SlowRequest is the duration from which a request is logged as slow. 0 is no limit.
	SlowRequest time.Duration
	// Replicas returns which replicas of the database serve reads. Nil is for none.
	Replicas func() []replicas.Status
	// Tokens are the consistency tokens of a DB with replicas; nil without.
	Tokens *reqtx.Tokens
	// Observe counts requests, and Metrics serves the metrics.
	Observe func(http.Handler) http.Handler
	Metrics http.Handler
	// Authenticate finds out who sends a request under /v1.
	Authenticate Authenticator
	// RequestTimeout limits a request, from its header to its response.
	RequestTimeout time.Duration
	// ReadTimeout limits the time to read a body.
	ReadTimeout time.Duration
	// MaxBody and MaxResponse limit the bodies of requests and responses, in bytes;
	// MaxMemory, how much of a held response stays in memory.
	MaxBody, MaxResponse, MaxMemory int64
	// Origins are the origins whose pages may use the API from a browser.
	Origins []string
	// Proxies are the networks whose X-Forwarded-For is trusted.
	Proxies []string
	// RateLimit limits the requests per minute of each client's address under /v1.
	RateLimit int
	// Shutdown is done when the service begins to shut down, which ends streams. Nil never is.
	Shutdown context.Context //nolint:containedctx // of the service
	// KeyLifetime is how long an Idempotency-Key is remembered.
	KeyLifetime time.Duration
}

// Authenticator returns a middleware that finds out who sends a request, and puts it into
// the context. It responds to invalid credentials by writeError.
type Authenticator func(writeError func(http.ResponseWriter, *http.Request, error)) func(http.Handler) http.Handler

// New returns the API.
func New(o Options) http.Handler { return serve(o, routes) }

// routes are the routes of this service.
func routes(v1 *api) {
	accounts := resource.Accounts()
	accounts.Insert = openAccount
	mount(v1.tag("Accounts", "An account holds money of one currency."), accounts,
		fails(rest.Create|rest.Patch, ledger.ErrNameTaken), fails(rest.Delete, ledger.ErrAccountHasEntries))
	mount(v1.tag("Entries", "An entry is one side of a transfer: what an account gains, or loses."), resource.Entries())

	transfers := v1.tag("Transfers", "A transfer moves money from one account to another, and makes an entry in each.")
	mount(transfers, resource.Transfers())
	handle(transfers.allow(identity.Scopes("ledger:write").InTenant()), "POST /v1/transfers", "moveMoney", "Move money. Both accounts must have the same currency.", moveMoney, moveMoneyErrors...)

	books := v1.tag("Trial balance", "The trial balance shows that no money was made or lost.")
	handle(books.allow(identity.Scopes("ledger:read").InTenant()), "GET /v1/trial-balance", "readTrialBalance", "Read the trial balance. The entries of each currency sum to 0, or the books are wrong.", trialBalance)
}

// serve returns an API with these routes, and what every service has around them.
func serve(o Options, routes func(v1 *api)) http.Handler {
	problems := &problem.Writer{Log: o.Log, Classify: classifyWith(o.Classify), RequestID: middleware.RequestIDFrom, TraceID: o.TraceID, OnFailure: o.RecordError}
	r := chi.NewRouter()
	r.Use(
		reqtx.Gate,
		middleware.RequestID,
		middleware.ClientIP(o.Proxies),
	)
	if o.Trace != nil {
		r.Use(o.Trace(pattern))
	}
	r.Use(
		middleware.AccessLog(o.Log, pattern, o.SlowRequest),
		o.Observe,
		middleware.Recover(problems),
		middleware.Secure,
		middleware.CORS(o.Origins),
		middleware.Timeout(o.RequestTimeout),
		middleware.LimitBody(o.MaxBody, problems),
		chimiddleware.GetHead,
	)
	r.NotFound(notFound(problems))
	r.MethodNotAllowed(methodNotAllowed(problems, r))

	addHealth(r, o, problems)

	tx := reqtx.Middleware(o.DB, reqtx.Options{
		MaxMemory:    o.MaxMemory,
		MaxResponse:  o.MaxResponse,
		MaxRetryBody: o.MaxBody,
		Shutdown:     o.Shutdown,
		Tokens:       o.Tokens,
		WriteError:   problems.Write,
	})
	once := idempotency.Middleware(idempotency.Options{Subject: subject, Lifetime: o.KeyLifetime, WriteError: problems.Write})
	limit := middleware.RateLimit(o.RateLimit, problems)
	demands := demands{}
	v1 := newAPI(r.With(
		limit,
		o.Authenticate(problems.Write), demands.authorize(problems), // who sends a request, and whether they may
		tx,
		tenancy.Middleware(problems.Write), // whose data it is about
		once,
	), o, problems, demands)
	routes(v1)
	v1.connect()

	openAPI31, openAPI30 := v1.document()
	r.Get("/openapi.json", openAPI31)
	r.Get("/openapi-3.0.json", openAPI30)
	r.Method(http.MethodGet, "/", http.RedirectHandler("/docs/", http.StatusFound))
	r.Method(http.MethodGet, "/docs", http.RedirectHandler("/docs/", http.StatusMovedPermanently))
	r.Method(http.MethodGet, "/docs/*", docs("/openapi.json", "/docs/"))
	return r
}

// Example returns a command that shows a response of the API at base.
func Example(base string) string { return "curl " + base + "/v1/trial-balance" }

// Scopes are all that routes demand, in order.
func Scopes() []string {
	demands := demands{}
	routes(newAPI(chi.NewRouter(), Options{}, &problem.Writer{}, demands))
	var all []string
	for _, d := range demands {
		all = append(all, d.Scopes()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
