package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// The statements of the peers that write SQL by hand.
const (
	selectAccount  = `SELECT id, created_at, updated_at, name, currency, balance, allow_negative, version FROM accounts WHERE id = $1`
	updateAccount  = `UPDATE accounts SET balance = balance + $1, version = version + 1, updated_at = $2 WHERE id = $3`
	insertTransfer = `INSERT INTO transfers (id, created_at, amount, memo) VALUES ($1, $2, $3, $4)`
)

// pgxStore is plain pgx.
type pgxStore struct{ pool *pgxpool.Pool }

func (s pgxStore) account(ctx context.Context, id uuid.UUID) (a accountBody, err error) {
	mode := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err = pgx.BeginTxFunc(ctx, s.pool, mode, func(tx pgx.Tx) error {
		var updated time.Time
		var negative bool
		return tx.QueryRow(ctx, selectAccount, id).
			Scan(&a.ID, &a.CreatedAt, &updated, &a.Name, &a.Currency, &a.Balance, &negative, &a.Version)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		err = errNoAccount
	}
	return a, err
}

func (s pgxStore) transfer(ctx context.Context, t *transferBody) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		now := time.Now()
		for _, m := range t.moves() {
			tag, err := tx.Exec(ctx, updateAccount, m.amount, now, m.account)
			if err != nil {
				return err
			}
			if tag.RowsAffected() != 1 {
				return errNoAccount
			}
		}
		_, err := tx.Exec(ctx, insertTransfer, t.ID, now, t.Amount, t.Memo)
		return err
	})
}

func openPgx(url string, pool int) (http.Handler, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	cfg.MaxConns = int32(pool) //nolint:gosec // a flag
	p, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		return nil, err
	}
	return api(pgxStore{p}), nil
}
