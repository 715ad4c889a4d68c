package behavior_test

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"commitment/ent"
	"commitment/ent/migrate"
	"commitment/ent/privacy"
	"commitment/ent/schema"
	"commitment/internal/fault"
	"commitment/internal/money"
	"commitment/internal/pgtest"
	"commitment/internal/postgres"
	"commitment/internal/txn"
)

func database(t *testing.T) *sql.DB {
	t.Helper()
	db, err := postgres.Open(postgres.Options{URL: pgtest.EmptyURL(t), MaxOpenConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := migrate.NewSchema(entsql.OpenDB(dialect.Postgres, db)).Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestAClientMadeAnywhereIsWhole(t *testing.T) {
	ctx := t.Context()
	client := ent.NewClient(ent.Driver(entsql.OpenDB(dialect.Postgres, database(t))))
	note := client.Note.Create().SaveX(ctx)
	if note.Text != "empty" {
		t.Errorf("text = %q, want the default", note.Text)
	}
	d := client.Document.Create().SetTitle("One").SetPrice(money.Amount{Cents: 1250}).SaveX(ctx)
	if d = client.Document.GetX(ctx, d.ID); d.Slug != "one" || d.Price.Cents != 1250 {
		t.Errorf("document = %v, want what the hook set and the price", d)
	}
	err := client.Document.Create().SetTitle("refused").SetPrice(money.Amount{}).Exec(ctx)
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != "refused" {
		t.Errorf("err = %v, want the hook's", err)
	}
	if err := client.Document.Create().SetTitle("Two").SetPrice(money.Amount{Cents: -1}).Exec(ctx); !ent.IsValidationError(err) {
		t.Errorf("err = %v, want a validation error of the type's own", err)
	}
	reader := context.WithValue(ctx, schema.Reader{}, true)
	if err := client.Document.Create().SetTitle("Three").SetPrice(money.Amount{}).Exec(reader); !errors.Is(err, privacy.Deny) {
		t.Errorf("err = %v, want the policy's", err)
	}
	if err := client.Document.DeleteOne(d).Exec(ctx); err != nil {
		t.Fatal(err)
	}
	seen, all := client.Document.Query().CountX(ctx), client.Document.Query().CountX(context.WithValue(ctx, schema.Deleted{}, true))
	if seen != 0 || all != 1 {
		t.Errorf("documents seen = %d of %d, want 0 of 1", seen, all)
	}
}

func TestAHookReachesTheUnitOfWork(t *testing.T) {
	db := txn.New(database(t), txn.Options{})
	var announced []string
	schema.Announced = func(title string) { announced = append(announced, title) }
	create := func(title string, fails error) {
		err := db.Run(t.Context(), txn.ReadWrite, func(ctx context.Context) error {
			if err := ent.FromContext(ctx).Document.Create().SetTitle(title).SetPrice(money.Amount{}).Exec(ctx); err != nil {
				return err
			}
			return fails
		})
		if !errors.Is(err, fails) {
			t.Errorf("Run() = %v, want %v", err, fails)
		}
	}
	create("kept", nil)
	create("undone", sql.ErrNoRows)
	if want := []string{"kept"}; !slices.Equal(announced, want) {
		t.Errorf("announced = %q, want %q", announced, want)
	}
}
