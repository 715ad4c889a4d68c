package main

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"entgo.io/ent/dialect/sql"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/google/uuid"
	"golang.org/x/text/currency"

	"commitment/ent"
	"commitment/ent/account"
	"commitment/internal/fault"
	"commitment/internal/idempotency"
	"commitment/internal/middleware"
	"commitment/internal/problem"
	"commitment/internal/reqtx"
	"commitment/internal/tenancy"
)

// openByHand opens accounts as handlers, written by hand for huma before they were
// generated, behind the service's middleware.
func openByHand(url string, pool int) (http.Handler, error) {
	o, err := serviceOptions(url, pool)
	if err != nil {
		return nil, err
	}
	h := byHand{problems: &problem.Writer{Log: o.Log, Classify: o.Classify, RequestID: middleware.RequestIDFrom}}
	r := chi.NewRouter()
	r.Use(
		reqtx.Gate,
		middleware.RequestID,
		middleware.ClientIP(o.Proxies),
		middleware.AccessLog(o.Log, func(r *http.Request) string { return chi.RouteContext(r.Context()).RoutePattern() }, 0),
		o.Observe,
		middleware.Recover(h.problems),
		middleware.Secure,
		middleware.CORS(o.Origins),
		middleware.Timeout(o.RequestTimeout),
		middleware.LimitBody(o.MaxBody, h.problems),
		chimiddleware.GetHead,
		o.Authenticate(h.problems.Write),
		reqtx.Middleware(o.DB, reqtx.Options{
			MaxMemory:    o.MaxMemory,
			MaxResponse:  o.MaxResponse,
			MaxRetryBody: o.MaxBody,
			WriteError:   h.problems.Write,
		}),
		tenancy.Middleware(h.problems.Write),
		idempotency.Middleware(idempotency.Options{Lifetime: o.KeyLifetime, WriteError: h.problems.Write}),
	)
	config := huma.DefaultConfig("By hand", "1")
	config.RejectUnknownQueryParameters = true
	config.CreateHooks = nil
	api := humachi.New(r, config)
	operation := func(method, path string) huma.Operation {
		return huma.Operation{Method: method, Path: path, OperationID: method + path, MaxBodyBytes: -1, BodyReadTimeout: o.ReadTimeout}
	}
	huma.Register(api, operation(http.MethodGet, "/v1/accounts"), reported(h, listAccounts))
	huma.Register(api, operation(http.MethodGet, "/v1/accounts/{id}"), reported(h, readAccount))
	create := operation(http.MethodPost, "/v1/accounts")
	create.DefaultStatus = http.StatusCreated
	huma.Register(api, create, reported(h, createAccount))
	huma.Register(api, operation(http.MethodPatch, "/v1/accounts/{id}"), reported(h, patchAccount))
	return r, nil
}

type byHand struct{ problems *problem.Writer }

// reported turns the errors of a handler into problems.
func reported[I, O any](h byHand, handle func(context.Context, *I) (*O, error)) func(context.Context, *I) (*O, error) {
	return func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			p := h.problems.Report(ctx, err)
			return nil, huma.ErrorWithHeaders(p, p.ResponseHeader())
		}
		return out, nil
	}
}

var (
	errMissing = fault.New(fault.NotFound, "", "there is no such account")
	errStale   = fault.New(fault.Stale, "", "the account has changed: read it again")
)

// Account is an account in a response.
type Account struct {
	ID            uuid.UUID `json:"id"`
	Name          string    `json:"name"`
	Currency      string    `json:"currency"`
	Balance       int64     `json:"balance"`
	AllowNegative bool      `json:"allow_negative"`
	Version       int64     `json:"version"`
	CreatedAt     time.Time `json:"created_at"`
	UpdatedAt     time.Time `json:"updated_at"`
}

func newAccount(a *ent.Account) Account {
	return Account{
		ID: a.ID, Name: a.Name, Currency: a.Currency, Balance: a.Balance, AllowNegative: a.AllowNegative,
		Version: a.Version, CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt,
	}
}

func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

type listInput struct {
	Limit int       `query:"limit" minimum:"1" maximum:"200" default:"50"`
	After uuid.UUID `query:"after" format:"uuid"`
}

type listOutput struct {
	Body struct {
		Items []Account  `json:"items"`
		Next  *uuid.UUID `json:"next,omitempty"`
	}
}

func listAccounts(ctx context.Context, in *listInput) (*listOutput, error) {
	q := ent.FromContext(ctx).Account.Query().Order(account.ByID()).Limit(in.Limit + 1)
	if in.After != uuid.Nil {
		q.Where(account.IDGT(in.After))
	}
	all, err := q.All(ctx)
	if err != nil {
		return nil, err
	}
	out := &listOutput{}
	if len(all) > in.Limit {
		all = all[:in.Limit]
		out.Body.Next = &all[in.Limit-1].ID
	}
	out.Body.Items = make([]Account, len(all))
	for i, a := range all {
		out.Body.Items[i] = newAccount(a)
	}
	return out, nil
}

// AccountInput names an account, and the state that the client expects. huma reads
// embedded structs only if they are exported.
type AccountInput struct {
	ID          uuid.UUID `path:"id" format:"uuid"`
	IfMatch     string    `header:"If-Match"`
	IfNoneMatch string    `header:"If-None-Match"`
}

type accountOutput struct {
	Status   int
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     *Account
}

func respondWith(status int, a *ent.Account) *accountOutput {
	body := newAccount(a)
	return &accountOutput{Status: status, ETag: etag(a.Version), Body: &body}
}

func readAccount(ctx context.Context, in *AccountInput) (*accountOutput, error) {
	a, err := ent.FromContext(ctx).Account.Get(ctx, in.ID)
	if ent.IsNotFound(err) {
		return nil, errMissing.With(err)
	}
	if err != nil {
		return nil, err
	}
	if in.IfMatch != "" && in.IfMatch != etag(a.Version) {
		return nil, errStale
	}
	if in.IfNoneMatch == etag(a.Version) {
		return &accountOutput{Status: http.StatusNotModified, ETag: in.IfNoneMatch}, nil
	}
	return respondWith(http.StatusOK, a), nil
}

type createInput struct {
	Body struct {
		Name          string `json:"name" minLength:"1" maxLength:"200"`
		Currency      string `json:"currency" minLength:"3" maxLength:"3"`
		AllowNegative bool   `json:"allow_negative,omitempty"`
	}
}

func createAccount(ctx context.Context, in *createInput) (*accountOutput, error) {
	if unit, err := currency.ParseISO(in.Body.Currency); err != nil || unit.String() != in.Body.Currency {
		return nil, fault.New(fault.Invalid, "", "a currency is a code of ISO 4217").At("/currency")
	}
	a, err := ent.FromContext(ctx).Account.Create().
		SetName(in.Body.Name).
		SetCurrency(in.Body.Currency).
		SetAllowNegative(in.Body.AllowNegative).
		Save(ctx)
	if err != nil {
		return nil, err
	}
	out := respondWith(http.StatusCreated, a)
	out.Location = "/v1/accounts/" + a.ID.String()
	return out, nil
}

type patchInput struct {
	AccountInput
	Body struct {
		Name *string `json:"name,omitempty" minLength:"1" maxLength:"200"`
	} `contentType:"application/merge-patch+json"`
}

func patchAccount(ctx context.Context, in *patchInput) (*accountOutput, error) {
	a, err := ent.FromContext(ctx).Account.Query().Where(account.ID(in.ID)).
		ForUpdate(sql.WithLockClause("FOR NO KEY UPDATE")).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, errMissing.With(err)
	}
	if err != nil {
		return nil, err
	}
	if in.IfMatch != "" && in.IfMatch != etag(a.Version) {
		return nil, errStale
	}
	if in.Body.Name != nil && *in.Body.Name != a.Name {
		if a, err = a.Update().SetName(*in.Body.Name).Save(ctx); err != nil {
			return nil, err
		}
	}
	return respondWith(http.StatusOK, a), nil
}
