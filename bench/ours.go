package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"

	"commitment/ent"
	"commitment/ent/account"
	"commitment/internal/app"
	"commitment/internal/postgres"
	"commitment/internal/reqtx"
	"commitment/internal/txn"
)

// entStore uses the client that a middleware has put into the context.
type entStore struct{}

func (entStore) account(ctx context.Context, id uuid.UUID) (accountBody, error) {
	a, err := ent.FromContext(ctx).Account.Get(ctx, id)
	if ent.IsNotFound(err) {
		return accountBody{}, errNoAccount
	}
	if err != nil {
		return accountBody{}, err
	}
	return accountBody{ID: a.ID, Name: a.Name, Currency: a.Currency, Balance: a.Balance, Version: a.Version, CreatedAt: a.CreatedAt}, nil
}

func (entStore) transfer(ctx context.Context, t *transferBody) error {
	client := ent.FromContext(ctx)
	for _, m := range t.moves() {
		n, err := client.Account.Update().Where(account.ID(m.account)).AddBalance(m.amount).Save(ctx)
		if err != nil {
			return err
		}
		if n != 1 {
			return errNoAccount
		}
	}
	return client.Transfer.Create().SetTenantID(tenant).SetID(t.ID).SetAmount(t.Amount).SetMemo(t.Memo).Exec(ctx)
}

// togetherStore sends the writes of a transfer in one flight.
type togetherStore struct{ entStore }

func (togetherStore) transfer(ctx context.Context, t *transferBody) error {
	client := ent.FromContext(ctx)
	var writes []func(context.Context) error
	for _, m := range t.moves() {
		writes = append(writes, func(ctx context.Context) error {
			n, err := client.Account.Update().Where(account.ID(m.account)).AddBalance(m.amount).Save(ctx)
			if err == nil && n != 1 {
				err = errNoAccount
			}
			return err
		})
	}
	return txn.Together(ctx, append(writes, func(ctx context.Context) error {
		return client.Transfer.Create().SetTenantID(tenant).SetID(t.ID).SetAmount(t.Amount).SetMemo(t.Memo).Exec(ctx)
	})...)
}

// openOurs opens the service's own stack: Ent inside of the middleware.
func openOurs(url string, pool int) (http.Handler, error) { return openOn(url, pool, entStore{}) }

// openTogether is openOurs with handlers that send independent writes together.
func openTogether(url string, pool int) (http.Handler, error) {
	return openOn(url, pool, togetherStore{})
}

func openOn(url string, pool int, s store) (http.Handler, error) {
	unit, err := openUnit(url, pool)
	return reqtx.Middleware(unit, reqtx.Options{WriteError: func(w http.ResponseWriter, _ *http.Request, err error) {
		respond(w, 0, nil, err)
	}})(api(s)), err
}

// tuned is open with the garbage collector set as the service sets it. In the reporting
// process it applies to whatever is opened later, too; what is counted there doesn't
// depend on it.
func tuned(open func(string, int) (http.Handler, error)) func(string, int) (http.Handler, error) {
	return func(url string, pool int) (http.Handler, error) {
		app.TuneMemory(slog.Default())
		return open(url, pool)
	}
}

// openUnit opens the service's database, with the service's defaults.
func openUnit(url string, pool int) (*txn.DB, error) {
	db, err := postgres.Open(postgres.Options{
		URL:                      url,
		MaxOpenConns:             pool,
		MaxIdleConns:             pool,
		PingAfter:                time.Second,
		ConnectTimeout:           5 * time.Second,
		StatementTimeout:         15 * time.Second,
		LockTimeout:              5 * time.Second,
		IdleInTransactionTimeout: 30 * time.Second,
	})
	if err != nil {
		return nil, err
	}
	return txn.New(db, txn.Options{AcquireTimeout: 5 * time.Second}), nil
}
