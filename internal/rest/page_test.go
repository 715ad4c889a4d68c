package rest_test

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"commitment/internal/pgtest"
	"commitment/internal/rest/resttest"
)

// TestPagesAtDepth compares the blocks that PostgreSQL touches for a page in the middle of
// many rows with those of the first page.
func TestPagesAtDepth(t *testing.T) {
	t.Parallel()
	const rows = 50_000
	conn, err := pgx.Connect(t.Context(), pgtest.EmptyURL(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	table, err := resttest.Create(t.Context(), conn, rows)
	if err != nil {
		t.Fatal(err)
	}
	ids := func(parameters url.Values) (ids []int64) {
		t.Helper()
		page, err := table.List(t.Context(), parameters)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range page.Items {
			ids = append(ids, row.(*resttest.Row).ID)
		}
		return ids
	}
	for _, order := range resttest.Orders {
		first, forward, backward, err := table.Pages(t.Context(), order.Sort)
		if err != nil {
			t.Fatal(err)
		}
		all := ids(url.Values{"sort": {order.Sort}, "limit": {"50000"}})
		for name, page := range map[string]struct {
			parameters url.Values
			want       []int64
		}{
			"forward":  {forward, all[rows/2 : rows/2+50]},
			"backward": {backward, all[rows/2-50 : rows/2]},
		} {
			if diff := cmp.Diff(page.want, ids(page.parameters)); diff != "" {
				t.Errorf("%s, %s: ids (-want +got):\n%s", order.Name, name, diff)
			}
			few, err := table.Blocks(t.Context(), first)
			if err != nil {
				t.Fatal(err)
			}
			got, err := table.Blocks(t.Context(), page.parameters)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s, %s: %d blocks, %d for the first page", order.Name, name, got, few)
			if got > 3*few {
				t.Errorf("%s, %s: %d blocks, want at most 3 times the %d of the first page", order.Name, name, got, few)
			}
		}
	}
}
