// Package clients uses the service at API as its clients do: by a client that
// oapi-codegen has generated from the service's own document.
package clients

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestBatches(t *testing.T) {
	ctx := t.Context()
	client, err := NewClientWithResponses(os.Getenv("API"))
	if err != nil {
		t.Fatal(err)
	}
	shelf, key := "go", "batch-of-Go"
	batch := DocumentBatchCreate{Items: []DocumentCreate{
		{Title: "a", Number: 1, Shelf: &shelf, Effort: new("PT1H")}, {Title: "b", Number: 2, Shelf: &shelf},
	}}
	created, err := client.BatchCreateDocumentsWithResponse(ctx, &BatchCreateDocumentsParams{IdempotencyKey: &key}, batch)
	if err != nil || created.JSON201 == nil || len(created.JSON201.Items) != 2 {
		t.Fatalf("create: %v, %s %s", err, created.Status(), created.Body)
	}
	again, err := client.BatchCreateDocumentsWithResponse(ctx, &BatchCreateDocumentsParams{IdempotencyKey: &key}, batch)
	if err != nil || string(again.Body) != string(created.Body) {
		t.Errorf("retried: %v, %s, want %s", err, again.Body, created.Body)
	}
	a, b := created.JSON201.Items[0], created.JSON201.Items[1]
	if a.Title != "a" || a.Effort == nil || *a.Effort != "PT1H" || b.Effort != nil {
		t.Errorf("created = %+v, %+v", a, b)
	}
	updated, err := client.BatchUpdateDocumentsWithResponse(ctx, nil, DocumentBatchUpdate{Items: []DocumentBatchUpdateItem{
		{Id: b.Id, Title: new("B")}, {Id: a.Id, Version: &a.Version, Title: new("A")},
	}})
	if err != nil || updated.JSON200 == nil || updated.JSON200.Items[0].Title != "B" || updated.JSON200.Items[1].Version != 2 {
		t.Fatalf("update: %v, %s %s", err, updated.Status(), updated.Body)
	}
	stale, err := client.BatchDeleteDocumentsWithResponse(ctx, nil, DocumentBatchDelete{Items: []DocumentBatchDeleteItem{{Id: b.Id}, {Id: a.Id, Version: &a.Version}}})
	if err != nil || stale.StatusCode() != 412 || !strings.Contains(string(stale.Body), `"#/items/1/version"`) {
		t.Errorf("delete of an old version: %v, %s %s", err, stale.Status(), stale.Body)
	}
	deleted, err := client.BatchDeleteDocumentsWithResponse(ctx, nil, DocumentBatchDelete{Items: []DocumentBatchDeleteItem{{Id: b.Id}, {Id: a.Id}}})
	if err != nil || deleted.StatusCode() != 204 {
		t.Errorf("delete: %v, %s %s", err, deleted.Status(), deleted.Body)
	}
	left, err := client.ListDocumentsWithResponse(ctx, &ListDocumentsParams{Shelf: &shelf})
	if err != nil || left.JSON200 == nil || len(left.JSON200.Items) != 0 {
		t.Errorf("list: %v, %s %s", err, left.Status(), left.Body)
	}
	widgets, err := client.BatchCreateWidgetsWithResponse(ctx, nil, WidgetBatchCreate{Items: []WidgetCreate{{
		Name: "w", Code: fmt.Sprintf("GO%d", time.Now().UnixNano()%1_000_000), Price: "1.50", DueAt: new(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)),
		Tags: &[]string{"x"}, Meta: &map[string]any{"k": []any{1.0}}, Payload: new([]byte{0, 1, 2}),
	}}})
	if err != nil || widgets.JSON201 == nil {
		t.Fatalf("create a widget: %v, %s %s", err, widgets.Status(), widgets.Body)
	}
	w := widgets.JSON201.Items[0]
	if w.Price != "1.50" || !w.DueAt.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) || string(*w.Payload) != "\x00\x01\x02" || (*w.Tags)[0] != "x" {
		t.Errorf("created = %+v", w)
	}
}
