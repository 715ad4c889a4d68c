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

func TestEachRowOfAnEdgeHasItsOwnDefaults(t *testing.T) {
	ctx := t.Context()
	client := ent.NewClient(ent.Driver(entsql.OpenDB(dialect.Postgres, database(t))))
	var projects []*ent.Project
	for range 5 {
		projects = append(projects, client.Project.Create().SaveX(ctx))
	}
	a, err := client.Member.Create().AddProjects(projects[:2]...).Save(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Update().AddProjects(projects[2:4]...).Exec(ctx); err != nil {
		t.Fatal(err)
	}
	b := client.Member.Create().AddProjects(projects[:2]...).SaveX(ctx)
	if err := client.Member.Update().AddProjects(projects[4]).Exec(ctx); err != nil {
		t.Fatal(err)
	}
	if err := client.Member.Create().AddFriends(a, b).Exec(ctx); err != nil {
		t.Fatal(err)
	}
	if got := client.Membership.Query().CountX(ctx); got != 8 {
		t.Errorf("memberships = %d, want 8", got)
	}
	if got := client.Friendship.Query().CountX(ctx); got != 4 {
		t.Errorf("friendships = %d, want 4, both ways", got)
	}
	for _, m := range client.Membership.Query().AllX(ctx) {
		if m.ID.Version() != 7 || m.CreatedAt.IsZero() || m.Token == "" {
			t.Errorf("membership = %v, want an id, a time and a token", m)
		}
	}
}
