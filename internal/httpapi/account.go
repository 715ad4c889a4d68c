package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"commitment/ent"
	"commitment/internal/ledger"
)

// Account is an account as clients see it.
type Account struct {
	ID            uuid.UUID `json:"id" format:"uuid" example:"01a205f2-fa8d-780f-8e50-44c4fb9588e6"`
	Name          string    `json:"name" doc:"Unique." example:"Cash"`
	Currency      string    `json:"currency" doc:"A code of ISO 4217." example:"EUR"`
	Balance       int64     `json:"balance" doc:"The sum of the account's entries, in minor units of the currency: at most 2^53 − 1 either way." example:"7500"`
	AllowNegative bool      `json:"allow_negative" doc:"Whether the balance may fall below zero." example:"false"`
	Version       int64     `json:"version" minimum:"1" doc:"Counts the changes. The ETag is made from it." example:"2"`
	CreatedAt     time.Time `json:"created_at" example:"2026-11-23T01:08:59.661526Z"`
	UpdatedAt     time.Time `json:"updated_at" example:"2026-11-23T01:09:02.118204Z"`
}

func newAccount(a *ent.Account) Account {
	return Account{
		ID:            a.ID,
		Name:          a.Name,
		Currency:      a.Currency,
		Balance:       a.Balance,
		AllowNegative: a.AllowNegative,
		Version:       a.Version,
		CreatedAt:     a.CreatedAt,
		UpdatedAt:     a.UpdatedAt,
	}
}

type openAccountInput struct {
	Body struct {
		Name          string `json:"name" minLength:"1" maxLength:"200" pattern:"^[^\\x00]*$" patternDescription:"text without NUL" doc:"Unique." example:"Cash"`
		Currency      string `json:"currency" minLength:"3" maxLength:"3" doc:"A code of ISO 4217." example:"EUR"`
		AllowNegative bool   `json:"allow_negative,omitempty" doc:"Whether the balance may fall below zero." example:"false"`
	}
}

// Resolve checks what a JSON schema can't say, so that it is answered together
// with what the schema says.
func (in *openAccountInput) Resolve(huma.Context) []error {
	if in.Body.Currency == "" {
		return nil // missing, or the body couldn't be read: that is answered already
	}
	if err := ledger.CheckCurrency(in.Body.Currency); err != nil {
		return []error{err}
	}
	return nil
}

type openAccountOutput struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     Account
}

func openAccount(ctx context.Context, in *openAccountInput) (*openAccountOutput, error) {
	a, err := ledger.OpenAccount(ctx, ent.FromContext(ctx), ledger.NewAccount{
		Name:          in.Body.Name,
		Currency:      in.Body.Currency,
		AllowNegative: in.Body.AllowNegative,
	})
	if err != nil {
		return nil, err
	}
	return &openAccountOutput{
		Location: "/v1/accounts/" + a.ID.String(),
		ETag:     etag(a.Version),
		Body:     newAccount(a),
	}, nil
}

func listAccounts(ctx context.Context, in *PageInput) (*pageOutput[Account], error) {
	p, err := ledger.Accounts(ctx, ent.FromContext(ctx), in.cursor())
	if err != nil {
		return nil, err
	}
	return newPageOutput(p, newAccount), nil
}

// AccountInput names an account, and the state that the client expects it to be in.
type AccountInput struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The account's id." example:"01a205f2-fa8d-780f-8e50-44c4fb9588e6"`
	Conditions
}

type readAccountOutput struct {
	Status int
	ETag   string `header:"ETag"`
	Body   *Account
}

func readAccount(ctx context.Context, in *AccountInput) (*readAccountOutput, error) {
	a, err := ledger.Account(ctx, ent.FromContext(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	out := &readAccountOutput{Status: http.StatusNotModified, ETag: etag(a.Version)}
	if !in.match(out.ETag) {
		return nil, errStale
	}
	if !in.noneMatch(out.ETag) {
		return out, nil
	}
	body := newAccount(a)
	out.Status, out.Body = http.StatusOK, &body
	return out, nil
}

// unchanged is the precondition of a change.
func (in *AccountInput) unchanged(a *ent.Account) error {
	if current := etag(a.Version); !in.match(current) || !in.noneMatch(current) {
		return errStale
	}
	return nil
}

type renameAccountInput struct {
	AccountInput
	Body struct {
		Name Member[string] `json:"name" required:"false" minLength:"1" maxLength:"200" pattern:"^[^\\x00]*$" patternDescription:"text without NUL" doc:"Unique." example:"Cash"`
	} `contentType:"application/merge-patch+json"`
}

type renameAccountOutput struct {
	ETag string `header:"ETag"`
	Body Account
}

func renameAccount(ctx context.Context, in *renameAccountInput) (*renameAccountOutput, error) {
	a, err := ledger.RenameAccount(ctx, ent.FromContext(ctx), in.ID, in.Body.Name.Value, in.unchanged)
	if err != nil {
		return nil, err
	}
	return &renameAccountOutput{ETag: etag(a.Version), Body: newAccount(a)}, nil
}

func deleteAccount(ctx context.Context, in *AccountInput) (*struct{}, error) {
	return nil, ledger.DeleteAccount(ctx, ent.FromContext(ctx), in.ID, in.unchanged)
}
