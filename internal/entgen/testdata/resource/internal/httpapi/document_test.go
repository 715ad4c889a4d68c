package httpapi

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const documents = "/v1/documents"

func (s *service) document(t *testing.T, title string, number int) (id, path string) {
	t.Helper()
	r := s.want(t, 201, "POST", documents, fmt.Sprintf(`{"title":%q,"number":%d}`, title, number))
	return fmt.Sprint(r.body["id"]), r.header.Get("Location")
}

// count is how many documents the table has, deleted or not.
func (s *service) count(t *testing.T) (n int) {
	t.Helper()
	if err := s.pool.QueryRowContext(t.Context(), "SELECT count(*) FROM documents").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWhatConstraintsRefuse(t *testing.T) {
	t.Parallel()
	s := newService(t)
	_, path := s.document(t, "one", 1)
	s.document(t, "two", 2)
	s.want(t, 201, "POST", "/v1/widgets", wholeWidget)
	for _, tt := range []struct {
		status             int
		method, path, body string
		want               []string
	}{
		{409, "POST", documents, `{"title":"x","number":2}`, []string{"#/shelf", "#/number"}},
		{409, "PATCH", path, `{"number":2}`, []string{"#/shelf", "#/number"}},
		{422, "POST", documents, `{"title":"void","number":3}`, []string{"#/title"}},
		{422, "PATCH", path, `{"title":"void"}`, []string{"#/title"}},
		{409, "POST", documents, `{"title":"refused","number":3}`, []string{"#/title"}},
		{403, "POST", documents, `{"title":"denied","number":3}`, nil},
		{403, "PATCH", path, `{"title":"denied"}`, nil},
		{409, "POST", "/v1/widgets", wholeWidget, []string{"#/code"}},
		{422, "POST", "/v1/widgets", `{"name":"n","code":"ZZ1","price":"0","maker_id":"01890a5d-ac96-774b-bcce-b302099a8057"}`, []string{"#/maker_id"}},
	} {
		if diff := cmp.Diff(tt.want, s.want(t, tt.status, tt.method, tt.path, tt.body).wrong()); diff != "" {
			t.Errorf("%s %s blames (-want +got):\n%s", tt.method, tt.body, diff)
		}
	}
	maker := s.want(t, 201, "PUT", "/v1/makers/01890a5d-ac96-774b-bcce-b302099a8057", `{"name":"m"}`)
	s.want(t, 409, "POST", "/v1/makers", fmt.Sprintf(`{"id":%q,"name":"other"}`, maker.body["id"]))
	s.want(t, 201, "POST", "/v1/widgets", `{"name":"n","code":"ZZ1","price":"0","maker_id":"01890a5d-ac96-774b-bcce-b302099a8057"}`)
}

func TestABatchIsCreated(t *testing.T) {
	t.Parallel()
	s := newService(t)
	const path = documents + ":batchCreate"
	body := `{"items":[{"title":" a ","number":1},{"title":"b","number":2,"effort":"PT1H"},{"title":"c","number":3}]}`
	r := s.want(t, 201, "POST", path, body, "Idempotency-Key", "k")
	if got := r.titles(); got != "a,b,c" {
		t.Errorf("created = %s", got)
	}
	again := s.want(t, 201, "POST", path, body, "Idempotency-Key", "k")
	if again.text != r.text || again.header.Get("Idempotent-Replayed") != "true" || s.count(t) != 3 {
		t.Errorf("the same request again = %s, and there are %d documents", again.text, s.count(t))
	}
	for _, tt := range []struct {
		status int
		items  string
		want   []string
	}{
		{422, ``, []string{"#/items"}},
		{422, strings.Repeat(`{"title":"x","number":9},`, 11), []string{"#/items"}},
		{422, `{"title":"x","number":0},{"title":"","number":7},{"number":"8"},{"title":"x","number":9,"nope":1}`, []string{"#/items/0/number", "#/items/1/title", "#/items/2/number", "#/items/2/title", "#/items/3/nope"}},
		{422, `{"title":"x","number":7},{"title":"  ","number":8},{"title":" ","number":9}`, []string{"#/items/1/title", "#/items/2/title"}},
		{422, `{"title":"x","number":7},{"title":"void","number":8}`, []string{"#/items/1/title"}},
		{409, `{"title":"x","number":7},{"title":"y","number":7}`, []string{"#/items/1/number", "#/items/1/shelf"}},
		{409, `{"title":"x","number":7},{"title":"y","number":3}`, []string{"#/items/1/number", "#/items/1/shelf"}},
		{409, `{"title":"x","number":7},{"title":"refused","number":8}`, []string{"#/items/1/title"}},
		{403, `{"title":"x","number":7},{"title":"denied","number":8}`, []string{"#/items/1"}},
	} {
		got := s.want(t, tt.status, "POST", path, `{"items":[`+strings.TrimSuffix(tt.items, ",")+`]}`).wrong()
		slices.Sort(got)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s blames (-want +got):\n%s", tt.items, diff)
		}
	}
	if n := s.count(t); n != 3 {
		t.Errorf("there are %d documents, want 3: of a batch that fails nothing stays", n)
	}
}

// titles are those of a batch.
func (r response) titles() string {
	var titles []string
	items, _ := r.body["items"].([]any)
	for _, i := range items {
		i, _ := i.(map[string]any)
		titles = append(titles, fmt.Sprint(i["title"]))
	}
	return strings.Join(titles, ",")
}

func TestABatchIsChangedAndDeleted(t *testing.T) {
	t.Parallel()
	s := newService(t)
	a, pathA := s.document(t, "a", 1)
	b, _ := s.document(t, "b", 2)
	const update, remove, nobody = documents + ":batchUpdate", documents + ":batchDelete", "01890a5d-ac96-774b-bcce-b302099a8057"
	r := s.want(t, 200, "POST", update, fmt.Sprintf(`{"items":[{"id":%q,"title":"B","effort":"PT1M"},{"id":%q,"title":"A","version":1}]}`, b, a))
	if got := r.titles(); got != "B,A" {
		t.Errorf("changed = %s, want B,A", got)
	}
	if got := s.want(t, 200, "GET", pathA, ""); got.body["title"] != "A" || got.header.Get("ETag") != `"2"` {
		t.Errorf("changed = %s", got.text)
	}
	for _, tt := range []struct {
		status     int
		path, body string
		want       []string
	}{
		{412, update, `{"id":"a","title":"x"},{"id":"b","title":"x","version":1}`, []string{"#/items/1/version"}},
		{404, update, `{"id":"a","title":"x"},{"id":"nobody","title":"x"}`, []string{"#/items/1/id"}},
		{422, update, `{"id":"a","title":"x"},{"id":"a","title":"y"}`, []string{"#/items/1/id"}},
		{422, update, `{"id":"a","title":""},{"title":"y"},{"id":"7"},{"id":"b","number":null}`, []string{"#/items/0/title", "#/items/1/id", "#/items/2/id", "#/items/3/number"}},
		{409, update, `{"id":"a","title":"x"},{"id":"b","number":1}`, []string{"#/items/1/number", "#/items/1/shelf"}},
		{409, update, `{"id":"a","title":"x"},{"id":"b","title":"refused"}`, []string{"#/items/1/title"}},
		{403, update, `{"id":"a","title":"x"},{"id":"b","title":"denied"}`, []string{"#/items/1"}},
		{412, remove, `{"id":"a"},{"id":"b","version":1}`, []string{"#/items/1/version"}},
		{404, remove, `{"id":"a"},{"id":"nobody"}`, []string{"#/items/1/id"}},
		{422, remove, `{"id":"a"},{"id":"b","title":"x"}`, []string{"#/items/1/title"}},
	} {
		body := strings.NewReplacer(`"id":"a"`, `"id":"`+a+`"`, `"id":"b"`, `"id":"`+b+`"`, "nobody", nobody).Replace(tt.body)
		got := s.want(t, tt.status, "POST", tt.path, `{"items":[`+body+`]}`).wrong()
		slices.Sort(got)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s %s blames (-want +got):\n%s", tt.path, tt.body, diff)
		}
	}
	if got := s.want(t, 200, "GET", documents, "").titles(); got != "A,B" {
		t.Errorf("documents = %s, want A,B: of a batch that fails nothing stays", got)
	}
	s.want(t, 204, "POST", remove, fmt.Sprintf(`{"items":[{"id":%q},{"id":%q,"version":2}]}`, a, b))
	if got := s.want(t, 200, "GET", documents, "").titles(); got != "" {
		t.Errorf("documents = %s, want none", got)
	}
}

func TestASoftDeletionIsUndone(t *testing.T) {
	t.Parallel()
	s := newService(t)
	_, path := s.document(t, "a", 1)
	s.document(t, "b", 2)
	s.want(t, 200, "POST", path+":undelete", "") // it isn't deleted
	s.want(t, 204, "DELETE", path, "", "If-Match", `"1"`)
	s.want(t, 404, "GET", path, "")
	s.want(t, 404, "PATCH", path, `{"title":"x"}`)
	for query, want := range map[string]string{"": "b", "?show_deleted=true": "a,b", "?show_deleted=false": "b"} {
		if got := s.want(t, 200, "GET", documents+query, "").titles(); got != want {
			t.Errorf("documents%s = %s, want %s", query, got, want)
		}
	}
	page := s.want(t, 200, "GET", documents+"?show_deleted=true&limit=1&count=true", "")
	if page.body["total"] != 2.0 {
		t.Errorf("total = %v, want 2", page.body["total"])
	}
	s.want(t, 400, "GET", documents+"?limit=1&after="+fmt.Sprint(page.body["next"]), "")
	s.want(t, 422, "GET", documents+"?show_deleted=1", "")
	s.want(t, 422, "GET", "/v1/makers?show_deleted=true", "")
	s.want(t, 412, "POST", path+":undelete", "", "If-Match", `"1"`)
	undeleted := s.want(t, 200, "POST", path+":undelete", "", "If-Match", `"2"`)
	if undeleted.body["deleted_at"] != nil || undeleted.header.Get("ETag") != `"3"` {
		t.Errorf("undeleted = %s", undeleted.text)
	}
	s.want(t, 200, "GET", path, "")
	s.want(t, 404, "POST", documents+"/01890a5d-ac96-774b-bcce-b302099a8057:undelete", "")
	s.want(t, 422, "PATCH", path, `{"deleted_at":null}`)
}

func TestWhatWasAnsweredIsRead(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for _, body := range []string{
		`{"title":"a","number":1,"effort":"P1DT2H0.000000001S"}`,
		`{"title":"b","number":2,"effort":"-PT5M"}`,
		`{"title":"c","number":3}`,
	} {
		created := s.want(t, 201, "POST", documents, body)
		if diff := cmp.Diff(created.text, s.want(t, 200, "GET", created.header.Get("Location"), "").text); diff != "" {
			t.Errorf("%s (-created +read):\n%s", body, diff)
		}
	}
	created := s.want(t, 201, "POST", "/v1/widgets", strings.ReplaceAll(wholeWidget, "03:04:05.123456Z", "03:04:05.123456789+05:30"))
	path := created.header.Get("Location")
	if diff := cmp.Diff(created.text, s.want(t, 200, "GET", path, "").text); diff != "" {
		t.Errorf("(-created +read):\n%s", diff)
	}
	patched := s.want(t, 200, "PATCH", path, `{"due_at":"2026-01-02T03:04:05.999999999-08:00"}`)
	if diff := cmp.Diff(patched.text, s.want(t, 200, "GET", path, "").text); diff != "" {
		t.Errorf("(-patched +read):\n%s", diff)
	}
	for _, effort := range []string{`"1h"`, `3600`, `"P1Y"`, `"PT"`} {
		got := s.want(t, 422, "POST", documents, `{"title":"","number":4,"effort":`+effort+`}`).wrong()
		slices.Sort(got)
		if diff := cmp.Diff([]string{"#/effort", "#/title"}, got); diff != "" {
			t.Errorf("%s blames (-want +got):\n%s", effort, diff)
		}
	}
}
