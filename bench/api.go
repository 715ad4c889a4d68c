package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// accountBody is an account in a response.
type accountBody struct {
	ID        uuid.UUID `json:"id"`
	Name      string    `json:"name"`
	Currency  string    `json:"currency"`
	Balance   int64     `json:"balance"`
	Version   int64     `json:"version"`
	CreatedAt time.Time `json:"created_at"`
}

// transferBody is a transfer in requests and responses.
type transferBody struct {
	ID     uuid.UUID `json:"id"`
	From   uuid.UUID `json:"from"`
	To     uuid.UUID `json:"to"`
	Amount int64     `json:"amount"`
	Memo   string    `json:"memo"`
}

// move is one of a transfer's UPDATEs.
type move struct {
	account uuid.UUID
	amount  int64
}

// moves returns the two UPDATEs in the order of the accounts' ids, so that transfers in
// opposite directions don't deadlock.
func (t *transferBody) moves() [2]move {
	from, to := move{t.From, -t.Amount}, move{t.To, t.Amount}
	if t.To.String() < t.From.String() {
		return [2]move{to, from}
	}
	return [2]move{from, to}
}

// store is what each peer implements in its own way: a transaction with all it takes.
type store interface {
	account(ctx context.Context, id uuid.UUID) (accountBody, error)
	transfer(ctx context.Context, t *transferBody) error
}

var errNoAccount = errors.New("there is no such account")

// api is the HTTP half, the same for all peers in Go.
func api(s store) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /accounts/{id}", func(w http.ResponseWriter, r *http.Request) {
		id, err := uuid.Parse(r.PathValue("id"))
		if err != nil {
			respondError(w, http.StatusUnprocessableEntity, "id")
			return
		}
		a, err := s.account(r.Context(), id)
		respond(w, http.StatusOK, a, err)
	})
	mux.HandleFunc("POST /transfers", func(w http.ResponseWriter, r *http.Request) {
		var t transferBody
		if err := json.NewDecoder(r.Body).Decode(&t); err != nil || t.Amount < 1 || t.From == t.To {
			respondError(w, http.StatusUnprocessableEntity, "amount")
			return
		}
		t.ID = uuid.Must(uuid.NewV7())
		respond(w, http.StatusCreated, &t, s.transfer(r.Context(), &t))
	})
	mux.HandleFunc("GET /nothing", func(w http.ResponseWriter, _ *http.Request) {
		respond(w, http.StatusOK, map[string]bool{"ok": true}, nil)
	})
	return mux
}

func respond(w http.ResponseWriter, status int, body any, err error) {
	switch {
	case errors.Is(err, errNoAccount):
		respondError(w, http.StatusNotFound, "id")
	case err != nil:
		respondError(w, http.StatusInternalServerError, err.Error())
	default:
		writeJSON(w, status, body)
	}
}

func respondError(w http.ResponseWriter, status int, what string) {
	writeJSON(w, status, map[string]string{"error": what})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // all bodies can be
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that is gone isn't measured
}
