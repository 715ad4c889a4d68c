// Package rowtest writes and reads rows for tests of the core. They are of the core's own
// entity, [ent.IdempotencyKey], so that these tests hold in every project, whatever its
// entities are.
package rowtest

import (
	"context"
	"time"

	"entgo.io/ent/dialect/sql"

	"commitment/ent"
	"commitment/ent/idempotencykey"
	"commitment/ent/predicate"
)

// Table is where the rows are: those of tests have "row" as their subject, and their name,
// which is unique, as their key.
const Table = idempotencykey.Table

const subject = "row"

// Create is the creation of the row of that name.
func Create(client *ent.Client, name string) *ent.IdempotencyKeyCreate {
	return client.IdempotencyKey.Create().SetSubject(subject).SetKey(name).
		SetFingerprint([]byte{}).SetStatus(0).SetHeader(map[string][]string{}).SetBody([]byte{}).SetExpiresAt(time.Unix(0, 0).AddDate(100, 0, 0))
}

// Insert writes the row of that name.
func Insert(ctx context.Context, client *ent.Client, name string) error {
	return Create(client, name).Exec(ctx)
}

// Query is a query for the rows that fit.
func Query(client *ent.Client, where ...predicate.IdempotencyKey) *ent.IdempotencyKeyQuery {
	return client.IdempotencyKey.Query().Where(idempotencykey.Subject(subject)).Where(where...)
}

// Rename gives all rows that name, by one UPDATE. There is one row at most.
func Rename(ctx context.Context, client *ent.Client, name string) error {
	return client.IdempotencyKey.Update().Where(idempotencykey.Subject(subject)).Modify(func(u *sql.UpdateBuilder) {
		u.Set(idempotencykey.FieldKey, name)
	}).Exec(ctx)
}

// Count counts the rows.
func Count(ctx context.Context, client *ent.Client) (int, error) {
	return Query(client).Count(ctx)
}

// Exists reports whether there is a row of that name.
func Exists(ctx context.Context, client *ent.Client, name string) (bool, error) {
	return Query(client, idempotencykey.Key(name)).Exist(ctx)
}
