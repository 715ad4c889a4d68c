package httpapi

import (
	"context"
	"testing"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"commitment/ent"
	"commitment/internal/money"
)

func TestNoUpdateMissesTheVersion(t *testing.T) {
	t.Parallel()
	s := newService(t)
	path := s.want(t, 201, "POST", "/v1/widgets", wholeWidget).header.Get("Location")
	s.exec(t, `UPDATE widgets SET name = 'by hand', version = 99`)
	s.want(t, 412, "PATCH", path, `{"name":"stale"}`, "If-Match", `"1"`)
	patched := s.want(t, 200, "PATCH", path, `{"name":"patched"}`, "If-Match", `"2"`)
	if got := patched.header.Get("ETag"); got != `"3"` || patched.body["version"] != 3.0 {
		t.Errorf("ETag = %s, version = %v, want 3", got, patched.body["version"])
	}
	s.want(t, 200, "GET", path, "", "If-Match", `"3"`)
	s.want(t, 422, "PATCH", path, `{"version":7}`)
}

// counted is a driver that counts statements.
type counted struct {
	dialect.Driver
	n int
}

func (d *counted) Tx(context.Context) (dialect.Tx, error) { return dialect.NopTx(d), nil }

func (d *counted) Exec(ctx context.Context, query string, args, v any) error {
	d.n++
	return d.Driver.Exec(ctx, query, args, v)
}

func (d *counted) Query(ctx context.Context, query string, args, v any) error {
	d.n++
	return d.Driver.Query(ctx, query, args, v)
}

func TestAnUpdateReturnsItsRow(t *testing.T) {
	t.Parallel()
	s, ctx := newService(t), t.Context()
	driver := &counted{Driver: entsql.OpenDB(dialect.Postgres, s.pool)}
	client := ent.NewClient(ent.Driver(driver))
	w := client.Widget.Create().SetName("n").SetCode("AB1").SetPrice(money.MustParse("1")).SaveX(ctx)
	maker := client.Maker.Create().SetName("m").SaveX(ctx)
	driver.n = 0
	w = w.Update().SetName("new").SetMaker(maker).SaveX(ctx)
	if driver.n != 1 || w.Name != "new" || w.Version != 2 || w.MakerID == nil || *w.MakerID != maker.ID {
		t.Errorf("after %d statements, want 1: %v", driver.n, w)
	}
	if w = w.Update().SetNote("again").SaveX(ctx); driver.n != 2 || w.Version != 3 {
		t.Errorf("after %d statements, want 2: %v", driver.n, w)
	}
	if err := w.Update().SetMakerID(uuid.New()).Exec(ctx); !ent.IsConstraintError(err) { // found after the row
		t.Errorf("a maker that isn't there = %v, want a constraint error", err)
	}
	if err := client.Widget.UpdateOneID(uuid.New()).SetName("x").Exec(ctx); !ent.IsNotFound(err) {
		t.Errorf("a widget that isn't there = %v, want not found", err)
	}
	if w = w.Update().ClearMaker().SaveX(ctx); w.MakerID != nil || w.Version != 4 {
		t.Errorf("without a maker: %v", w)
	}
	if maker = maker.Update().AddWidgets(w).SaveX(ctx); maker.Name != "m" {
		t.Errorf("maker = %v", maker)
	}
	if w = client.Widget.GetX(ctx, w.ID); w.Version != 5 {
		t.Errorf("version = %d after a change by an edge, want 5", w.Version)
	}
}
