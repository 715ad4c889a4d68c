package ledger

import (
	"context"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"commitment/ent"
	"commitment/ent/entry"
)

// Entries returns a part of an account's entries, the newest first.
func Entries(ctx context.Context, client *ent.Client, accountID uuid.UUID, c Cursor) (Page[*ent.Entry], error) {
	if _, err := Account(ctx, client, accountID); err != nil {
		return Page[*ent.Entry]{}, err
	}
	q := client.Entry.Query().
		Where(entry.AccountID(accountID)).
		Order(entry.ByID(sql.OrderDesc())).
		Limit(c.Limit + 1)
	if c.After != nil {
		q.Where(entry.IDLT(*c.After))
	}
	items, err := q.All(ctx)
	if err != nil {
		return Page[*ent.Entry]{}, err
	}
	return page(items, c.Limit, func(e *ent.Entry) uuid.UUID { return e.ID }), nil
}
