// Package httpapi is the service's HTTP API: routes.go shows it whole, then
// there is one file per noun. Handlers take the client from the request's
// context, let package ledger work, and turn the result into a body; when the
// transaction ends, and what is answered then, is package reqtx's business.
package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"

	"commitment/ent/resource"
	"commitment/internal/idempotency"
	"commitment/internal/ledger"
	"commitment/internal/middleware"
	"commitment/internal/problem"
	"commitment/internal/reqtx"
	"commitment/internal/rest"
	"commitment/internal/txn"
)

// Options are what the API works with. All but Origins, Proxies, RateLimit and Closing
// are required.
type Options struct {
	// DB makes the unit of work of each request under /v1.
	DB *txn.DB
	// Log gets the access log and the causes of errors.
	Log *slog.Logger
	// Classify turns a database's error into a fault.
	Classify func(error) error
	// Ready says why the service can't serve now; nil when it can.
	Ready func(context.Context) error
	// Observe counts the requests, and Metrics shows the counts.
	Observe func(http.Handler) http.Handler
	Metrics http.Handler
	// RequestTimeout bounds a request from its header to its answer.
	RequestTimeout time.Duration
	// ReadTimeout bounds the reading of a body.
	ReadTimeout time.Duration
	// MaxBody and MaxResponse bound bodies, in bytes; MaxMemory, what is held of an
	// response in memory.
	MaxBody, MaxResponse, MaxMemory int64
	// Origins are those whose pages may use the API from a browser.
	Origins []string
	// Proxies are the networks whose X-Forwarded-For is believed.
	Proxies []string
	// RateLimit bounds the requests a minute under /v1 of each client's address.
	RateLimit int
	// Shutdown ends when the service begins to shut down: streams end then. Nil never does.
	Shutdown context.Context //nolint:containedctx // of the service
	// KeyLifetime is how long an Idempotency-Key is remembered.
	KeyLifetime time.Duration
}

// New returns the API.
func New(o Options) http.Handler { return serve(o, routes) }

// routes are the service's own.
func routes(v1 *api) {
	accounts := resource.Accounts()
	accounts.Insert = openAccount
	mount(v1.tag("Accounts", "An account holds money of one currency."), accounts,
		fails(rest.Create|rest.Patch, ledger.ErrNameTaken), fails(rest.Delete, ledger.ErrAccountHasEntries))
	mount(v1.tag("Entries", "An entry is one side of a transfer: what an account gains, or loses."), resource.Entries())

	transfers := v1.tag("Transfers", "A transfer moves money from one account to another, by an entry in each.")
	mount(transfers, resource.Transfers())
	handle(transfers, "POST /v1/transfers", "moveMoney", "Move money. Both accounts have the same currency.", moveMoney, moveMoneyErrors...)

	books := v1.tag("Trial balance", "The trial balance shows that no money was made or lost.")
	handle(books, "GET /v1/trial-balance", "readTrialBalance", "Add up the books. The entries of each currency sum to 0.", trialBalance)
}

// serve returns the API of these routes, and what every service has around them.
func serve(o Options, routes func(v1 *api)) http.Handler {
	problems := &problem.Writer{Log: o.Log, Classify: classifyWith(o.Classify), RequestID: middleware.RequestIDFrom}
	r := chi.NewRouter()
	r.Use(
		reqtx.Gate,
		middleware.RequestID,
		middleware.ClientIP(o.Proxies),
		middleware.AccessLog(o.Log, pattern),
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

	r.Get("/healthz", alive)
	r.Get("/readyz", ready(o.Ready, problems))
	r.Method(http.MethodGet, "/metrics", o.Metrics)

	tx := reqtx.Middleware(o.DB, reqtx.Options{
		MaxMemory:    o.MaxMemory,
		MaxResponse:  o.MaxResponse,
		MaxRetryBody: o.MaxBody,
		Shutdown:     o.Shutdown,
		WriteError:   problems.Write,
	})
	once := idempotency.Middleware(idempotency.Options{Lifetime: o.KeyLifetime, WriteError: problems.Write})
	limit := middleware.RateLimit(o.RateLimit, problems)
	v1 := newAPI(r.With(limit, tx, once), o, problems)
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

// Example is a command that a person can paste to see the API at base answer.
func Example(base string) string { return "curl " + base + "/v1/trial-balance" }
