package main

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
)

// sqlStore is database/sql on pgx.
type sqlStore struct{ db *sql.DB }

// readOnly are the options of a read-only transaction, the same for all peers.
var readOnly = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}

// inTx runs work in a transaction.
func (s sqlStore) inTx(ctx context.Context, o *sql.TxOptions, work func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, o)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // does nothing after Commit
	if err := work(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func (s sqlStore) account(ctx context.Context, id uuid.UUID) (a accountBody, err error) {
	err = s.inTx(ctx, readOnly, func(tx *sql.Tx) error {
		var updated time.Time
		var negative bool
		return tx.QueryRowContext(ctx, selectAccount, id).
			Scan(&a.ID, &a.CreatedAt, &updated, &a.Name, &a.Currency, &a.Balance, &negative, &a.Version)
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = errNoAccount
	}
	return a, err
}

func (s sqlStore) transfer(ctx context.Context, t *transferBody) error {
	return s.inTx(ctx, nil, func(tx *sql.Tx) error {
		now := time.Now()
		for _, m := range t.moves() {
			result, err := tx.ExecContext(ctx, updateAccount, m.amount, now, m.account)
			if err != nil {
				return err
			}
			if n, err := result.RowsAffected(); err != nil || n != 1 {
				return errors.Join(err, errNoAccount)
			}
		}
		_, err := tx.ExecContext(ctx, insertTransfer, t.ID, now, t.Amount, t.Memo)
		return err
	})
}

// openPool opens a pool of database/sql with pgx's driver, which keeps its connections.
func openPool(url string, pool int) (*sql.DB, error) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return nil, err
	}
	setPoolSize(db, pool)
	return db, nil
}

func setPoolSize(db *sql.DB, pool int) {
	db.SetMaxOpenConns(pool)
	db.SetMaxIdleConns(pool)
}

func openSQL(url string, pool int) (http.Handler, error) {
	db, err := openPool(url, pool)
	return api(sqlStore{db}), err
}
