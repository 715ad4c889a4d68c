package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// gormAccount and gormTransfer are GORM's models.
type gormAccount struct {
	ID            uuid.UUID `gorm:"type:uuid;primaryKey"`
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Name          string
	Currency      string
	Balance       int64
	AllowNegative bool
	Version       int64
}

// TableName returns the name of the table.
func (gormAccount) TableName() string { return "accounts" }

type gormTransfer struct {
	ID        uuid.UUID `gorm:"type:uuid;primaryKey"`
	CreatedAt time.Time
	Amount    int64
	Memo      string
}

// TableName returns the name of the table.
func (gormTransfer) TableName() string { return "transfers" }

type gormStore struct{ db *gorm.DB }

func (s gormStore) account(ctx context.Context, id uuid.UUID) (accountBody, error) {
	var a gormAccount
	err := s.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		return tx.Take(&a, "id = ?", id).Error
	}, readOnly)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		err = errNoAccount
	}
	return accountBody{ID: a.ID, Name: a.Name, Currency: a.Currency, Balance: a.Balance, Version: a.Version, CreatedAt: a.CreatedAt}, err
}

func (s gormStore) transfer(ctx context.Context, t *transferBody) error {
	return s.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		for _, m := range t.moves() {
			result := tx.Model(&gormAccount{}).Where("id = ?", m.account).Updates(map[string]any{
				"balance": gorm.Expr("balance + ?", m.amount),
				"version": gorm.Expr("version + 1"),
			})
			if result.Error != nil {
				return result.Error
			}
			if result.RowsAffected != 1 {
				return errNoAccount
			}
		}
		return tx.Create(&gormTransfer{ID: t.ID, Amount: t.Amount, Memo: t.Memo}).Error
	})
}

func openGorm(url string, pool int) (http.Handler, error) {
	db, err := gormDB(url, pool)
	if err != nil {
		return nil, err
	}
	return api(gormStore{db}), nil
}

func gormDB(url string, pool int) (*gorm.DB, error) {
	db, err := gorm.Open(postgres.Open(url), &gorm.Config{Logger: logger.Discard})
	if err != nil {
		return nil, err
	}
	p, err := db.DB()
	if err != nil {
		return nil, err
	}
	setPoolSize(p, pool)
	return db, nil
}
