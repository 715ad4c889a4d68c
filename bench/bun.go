package main

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/driver/pgdriver"
)

// bunAccount and bunTransfer are Bun's models.
type bunAccount struct {
	bun.BaseModel `bun:"table:accounts"`

	ID            uuid.UUID `bun:"type:uuid,pk"`
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Name          string
	Currency      string
	Balance       int64
	AllowNegative bool
	Version       int64
}

type bunTransfer struct {
	bun.BaseModel `bun:"table:transfers"`

	ID        uuid.UUID `bun:"type:uuid,pk"`
	CreatedAt time.Time
	Amount    int64
	Memo      string
}

type bunStore struct{ db *bun.DB }

func (s bunStore) account(ctx context.Context, id uuid.UUID) (accountBody, error) {
	var a bunAccount
	err := s.db.RunInTx(ctx, readOnly, func(ctx context.Context, tx bun.Tx) error {
		return tx.NewSelect().Model(&a).Where("id = ?", id).Scan(ctx)
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = errNoAccount
	}
	return accountBody{ID: a.ID, Name: a.Name, Currency: a.Currency, Balance: a.Balance, Version: a.Version, CreatedAt: a.CreatedAt}, err
}

func (s bunStore) transfer(ctx context.Context, t *transferBody) error {
	return s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		now := time.Now()
		for _, m := range t.moves() {
			result, err := tx.NewUpdate().Model((*bunAccount)(nil)).
				Set("balance = balance + ?", m.amount).Set("version = version + 1").Set("updated_at = ?", now).
				Where("id = ?", m.account).Exec(ctx)
			if err != nil {
				return err
			}
			if n, err := result.RowsAffected(); err != nil || n != 1 {
				return errors.Join(err, errNoAccount)
			}
		}
		_, err := tx.NewInsert().Model(&bunTransfer{ID: t.ID, CreatedAt: now, Amount: t.Amount, Memo: t.Memo}).Exec(ctx)
		return err
	})
}

// openBun opens Bun as in its guide, with its own driver.
func openBun(url string, pool int) (http.Handler, error) {
	db := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(url)))
	setPoolSize(db, pool)
	return api(bunStore{bun.NewDB(db, pgdialect.New())}), nil
}
