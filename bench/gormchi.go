package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// gormAccounts are accounts as handlers for chi.
type gormAccounts struct{ db *gorm.DB }

func openGormChi(url string, pool int) (http.Handler, error) {
	db, err := gormDB(url, pool)
	if err != nil {
		return nil, err
	}
	h := gormAccounts{db}
	r := chi.NewRouter()
	r.Use(middleware.RequestID, middleware.Recoverer)
	r.Route("/v1/accounts", func(r chi.Router) {
		r.Get("/", h.list)
		r.Post("/", h.create)
		r.Get("/{id}", h.read)
		r.Patch("/{id}", h.patch)
	})
	return r, nil
}

func newGormAccount(a *gormAccount) Account {
	return Account{
		ID: a.ID, Name: a.Name, Currency: a.Currency, Balance: a.Balance, AllowNegative: a.AllowNegative,
		Version: a.Version, CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt,
	}
}

func (h gormAccounts) list(w http.ResponseWriter, r *http.Request) {
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit < 1 || limit > 200 {
		respondError(w, http.StatusUnprocessableEntity, "limit")
		return
	}
	var all []gormAccount
	err = h.inTx(r.Context(), func(tx *gorm.DB) error {
		if after := r.URL.Query().Get("after"); after != "" {
			tx = tx.Where("id > ?", after)
		}
		return tx.Order("id").Limit(limit + 1).Find(&all).Error
	})
	var page struct {
		Items []Account  `json:"items"`
		Next  *uuid.UUID `json:"next,omitempty"`
	}
	if len(all) > limit {
		all = all[:limit]
		page.Next = &all[limit-1].ID
	}
	page.Items = make([]Account, len(all))
	for i := range all {
		page.Items[i] = newGormAccount(&all[i])
	}
	respond(w, http.StatusOK, page, err)
}

// inTx runs what only reads.
func (h gormAccounts) inTx(ctx context.Context, work func(*gorm.DB) error) error {
	return h.db.WithContext(ctx).Transaction(work, readOnly)
}

func (h gormAccounts) read(w http.ResponseWriter, r *http.Request) {
	var a gormAccount
	err := h.inTx(r.Context(), func(tx *gorm.DB) error { return tx.Take(&a, "id = ?", r.PathValue("id")).Error })
	h.respond(w, http.StatusOK, &a, err)
}

func (h gormAccounts) respond(w http.ResponseWriter, status int, a *gormAccount, err error) {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		err = errNoAccount
	}
	w.Header().Set("ETag", etag(a.Version))
	respond(w, status, newGormAccount(a), err)
}

func (h gormAccounts) create(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name          string
		Currency      string
		AllowNegative bool `json:"allow_negative"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Name == "" || len(in.Currency) != 3 {
		respondError(w, http.StatusUnprocessableEntity, "body")
		return
	}
	a := gormAccount{ID: uuid.Must(uuid.NewV7()), Name: in.Name, Currency: in.Currency, AllowNegative: in.AllowNegative, Version: 1}
	err := h.db.WithContext(r.Context()).Transaction(func(tx *gorm.DB) error { return tx.Create(&a).Error })
	w.Header().Set("Location", "/v1/accounts/"+a.ID.String())
	h.respond(w, http.StatusCreated, &a, err)
}

func (h gormAccounts) patch(w http.ResponseWriter, r *http.Request) {
	var in struct{ Name *string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		respondError(w, http.StatusUnprocessableEntity, "body")
		return
	}
	var a gormAccount
	err := h.db.WithContext(r.Context()).Transaction(func(tx *gorm.DB) error {
		if err := tx.Clauses(clause.Locking{Strength: "NO KEY UPDATE"}).Take(&a, "id = ?", r.PathValue("id")).Error; err != nil || in.Name == nil {
			return err
		}
		return tx.Model(&a).Clauses(clause.Returning{}).Update("name", *in.Name).Error
	})
	h.respond(w, http.StatusOK, &a, err)
}
