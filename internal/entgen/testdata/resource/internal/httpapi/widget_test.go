package httpapi

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const wholeWidget = `{
	"name":"Räder","code":"AB12","status":"open","note":"a\nb","priority":-3,"due_at":"2026-01-02T03:04:05.123456Z","active":false,
	"weight":0.1,"price":"12.50","serial":"01890a5d-ac96-774b-bcce-b302099a8057","level":-7,"size":4294967295,"color":"blue",
	"tags":["x","y"],"meta":{"a":{"b":[1,null]}},"payload":"AAEC","secret":"s3cret"}`

func TestAWidgetIsWhatWasSent(t *testing.T) {
	t.Parallel()
	s := newService(t)
	created := s.want(t, 201, "POST", "/v1/widgets", wholeWidget)
	path := created.header.Get("Location")
	if want := "/v1/widgets/" + fmt.Sprint(created.body["id"]); path != want || created.header.Get("ETag") != `"1"` {
		t.Errorf("Location = %q, ETag = %q, want %q", path, created.header.Get("ETag"), want)
	}
	read := s.want(t, 200, "GET", path, "")
	if diff := cmp.Diff(created.body, read.body); diff != "" {
		t.Errorf("what is read isn't what was answered (-created +read):\n%s", diff)
	}
	want := map[string]any{
		"name": "Räder", "code": "AB12", "status": "open", "note": "a\nb", "priority": -3.0, "due_at": "2026-01-02T03:04:05.123456Z", "active": false,
		"weight": 0.1, "price": "12.50", "serial": "01890a5d-ac96-774b-bcce-b302099a8057", "level": -7.0, "size": 4294967295.0, "color": "blue",
		"tags": []any{"x", "y"}, "meta": map[string]any{"a": map[string]any{"b": []any{1.0, nil}}}, "payload": "AAEC", "maker_id": nil, "version": 1.0,
		"id": read.body["id"], "created_at": read.body["created_at"], "updated_at": read.body["updated_at"],
	}
	if diff := cmp.Diff(want, read.body); diff != "" {
		t.Errorf("what is read isn't what was sent (-want +got):\n%s", diff)
	}
	s.want(t, 304, "GET", path, "", "If-None-Match", `"1"`)
	s.want(t, 412, "GET", path, "", "If-Match", `"2"`)
	least := s.want(t, 201, "POST", "/v1/widgets", `{"name":"n","code":"AB1","price":"0"}`)
	for name, want := range map[string]any{"status": "draft", "note": nil, "active": true, "weight": nil, "tags": nil, "meta": nil, "payload": nil, "due_at": nil} {
		if diff := cmp.Diff(want, least.body[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAPatch(t *testing.T) {
	t.Parallel()
	s := newService(t)
	path := s.want(t, 201, "POST", "/v1/widgets", wholeWidget).header.Get("Location")
	r := s.want(t, 200, "PATCH", path, `{"name":"new","note":null,"priority":null,"tags":null,"due_at":"2027-01-01T00:00:00+02:00"}`)
	for name, want := range map[string]any{"name": "new", "note": nil, "priority": nil, "tags": nil, "status": "open", "due_at": "2026-12-31T22:00:00Z"} {
		if diff := cmp.Diff(want, r.body[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	same := s.want(t, 200, "PATCH", path, `{"name":"new","note":null}`)
	if same.body["updated_at"] != r.body["updated_at"] {
		t.Error("a patch that changes nothing changed updated_at")
	}
	for body, want := range map[string][]string{
		`{"name":null}`:                   {"#/name"},
		`{"name":"","priority":"high"}`:   {"#/name", "#/priority"},
		`{"code":"AB13"}`:                 {"#/code"},
		`{"internal_note":"x"}`:           {"#/internal_note"},
		`{"name":"a\u0000"}`:              {"#/name"},
		`{"status":"gone","level":40000}`: {"#/level", "#/status"},
	} {
		got := s.want(t, 422, "PATCH", path, body).wrong()
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
}

func TestAReplacement(t *testing.T) {
	t.Parallel()
	s := newService(t)
	path := s.want(t, 201, "POST", "/v1/widgets", wholeWidget).header.Get("Location")
	s.want(t, 422, "PUT", path, `{"name":"half"}`)
	whole := strings.ReplaceAll(wholeWidget, `"secret":"s3cret"`, `"secret":null,"maker_id":null`)
	s.want(t, 422, "PUT", path, strings.ReplaceAll(whole, "AB12", "AB99"))
	r := s.want(t, 200, "PUT", path, strings.NewReplacer("Räder", "wheels", `"a\nb"`, "null").Replace(whole))
	if r.body["name"] != "wheels" || r.body["note"] != nil {
		t.Errorf("replaced = %v", r.body)
	}
	const maker = "/v1/makers/01890a5d-ac96-774b-bcce-b302099a8057"
	s.want(t, 412, "PUT", maker, `{"name":"m"}`, "If-Match", "*")
	s.want(t, 201, "PUT", maker, `{"name":"m"}`, "If-None-Match", "*")
	s.want(t, 412, "PUT", maker, `{"name":"m"}`, "If-None-Match", "*")
	if r := s.want(t, 200, "PUT", maker, `{"name":"n"}`); r.body["name"] != "n" {
		t.Errorf("replaced = %v", r.body)
	}
	s.want(t, 404, "PUT", "/v1/widgets/01890a5d-ac96-774b-bcce-b302099a8057", whole)
}

func TestADeletion(t *testing.T) {
	t.Parallel()
	s := newService(t)
	path := s.want(t, 201, "POST", "/v1/widgets", wholeWidget).header.Get("Location")
	s.want(t, 412, "DELETE", path, "", "If-Match", `"7"`)
	s.want(t, 204, "DELETE", path, "", "If-Match", `"1"`)
	s.want(t, 404, "GET", path, "")
	s.want(t, 404, "DELETE", path, "")
	s.want(t, 422, "GET", "/v1/widgets/7", "")
}

func TestAllThatIsWrongIsInOneResponse(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for body, want := range map[string][]string{
		`{"name":"","code":"AB1","priority":11,"price":"-1","payload":"AAEC"}`:                {"#/name", "#/price", "#/priority"},
		`{"name":"n","code":"AB1","price":"-1"}`:                                              {"#/price"},
		`{"name":"","code":"ab","price":"many","level":"1","due_at":"today","serial":"7"}`:    {"#/code", "#/due_at", "#/level", "#/name", "#/price", "#/serial"},
		`{"price":"-1","weight":-1,"size":-1,"nope":1}`:                                       {"#/code", "#/name", "#/nope", "#/price", "#/size", "#/weight"},
		`{"name":"n","code":"AB1","price":"0","payload":"` + strings.Repeat("A", 1340) + `"}`: {"#/payload"},
	} {
		got := s.want(t, 422, "POST", "/v1/widgets", body).wrong()
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
}

func TestFilters(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for i, extra := range []string{
		`"status":"open","priority":1,"due_at":"2026-01-01T00:00:00Z","note":"50% off"`,
		`"status":"open","priority":2,"note":"a_b"`,
		`"status":"closed","priority":3,"due_at":"2026-01-03T00:00:00Z","weight":1.5`,
		`"active":false,"price":"9.99"`,
	} {
		if !strings.Contains(extra, "price") {
			extra += `,"price":"1"`
		}
		s.want(t, 201, "POST", "/v1/widgets", fmt.Sprintf(`{"name":"%c","code":"AB%d",%s}`, 'a'+i, i, extra))
	}
	for query, want := range map[string]string{
		"status=open":                          "ab",
		"status.ne=open":                       "cd",
		"status.in=closed,draft":               "cd",
		"status.not_in=closed,draft":           "ab",
		"priority.gt=1":                        "bc",
		"priority.gte=1&priority.lt=3":         "ab",
		"priority.is_null=true":                "d",
		"priority.is_null=false":               "abc",
		"due_at.lte=2026-01-01T00:00:00Z":      "a",
		"note.contains=%25":                    "a",
		"note.contains=_":                      "b",
		"active=false":                         "d",
		"weight=1.5":                           "c",
		"price.gt=1.00":                        "d",
		"price=1.0":                            "abc",
		"name=b&status=open":                   "b",
		"name.gte=b&sort=-name":                "dcb",
		"sort=-priority,name":                  "dcba",
		"sort=priority":                        "abcd",
		"limit=2&sort=name":                    "ab",
		"code.in=AB1,AB2&sort=code&count=true": "bc",
	} {
		if !strings.Contains(query, "sort") {
			query += "&sort=name"
		}
		r := s.want(t, 200, "GET", "/v1/widgets?"+query, "")
		if got := strings.Join(r.names(), ""); got != want {
			t.Errorf("%s finds %q, want %q", query, got, want)
		}
	}
	r := s.want(t, 200, "GET", "/v1/widgets?fields=name,status&sort=name&limit=1&count=exact", "")
	delete(r.body, "next")
	want := map[string]any{"items": []any{map[string]any{"name": "a", "status": "open"}}, "total": 4.0, "total_exact": true}
	if diff := cmp.Diff(want, r.body); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
}

func TestWhatListsRefuse(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for query, want := range map[string][]string{
		"nope=1":                           {"nope"},
		"secret=1":                         {"secret"},
		"internal_note=1":                  {"internal_note"},
		"level=1":                          {"level"},
		"sort=level":                       {"sort"},
		"sort=secret":                      {"sort"},
		"sort=name,name":                   {"sort"},
		"sort=name,code,status,id":         {"sort"},
		"fields=secret":                    {"fields"},
		"fields=name,name":                 {"fields"},
		"limit=0":                          {"limit"},
		"limit=101":                        {"limit"},
		"limit=x&status=gone":              {"limit", "status"},
		"priority.gt=99999999999999999999": {"priority.gt"},
		"priority.is_null=1":               {"priority.is_null"},
		"name.is_null=true":                {"name.is_null"},
		"status.gt=open":                   {"status.gt"},
		"name.":                            {"name."},
		"due_at=today":                     {"due_at"},
		"name=a&name=b":                    {"name"},
		"name=%00":                         {"name"},
		"name=":                            {"name"},
		"count=maybe":                      {"count"},
		"after=x&before=y":                 {"before"},
		"id.in=" + strings.Repeat("01890a5d-ac96-774b-bcce-b302099a8057,", 100) + "01890a5d-ac96-774b-bcce-b302099a8057": {"id.in"},
	} {
		r := s.want(t, 422, "GET", "/v1/widgets?"+query, "")
		if diff := cmp.Diff(want, r.wrong()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

// TestPages walks through lists both ways, over nulls and ties.
func TestPages(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for i := range 23 {
		extra := ""
		if i%3 != 0 {
			extra += fmt.Sprintf(`,"priority":%d`, i%4)
		}
		if i%5 != 0 {
			extra += fmt.Sprintf(`,"due_at":"2026-01-0%dT00:00:00Z"`, 1+i%2)
		}
		s.want(t, 201, "POST", "/v1/widgets", fmt.Sprintf(`{"name":"%c","code":"AB%d","price":"%d"%s}`, 'a'+i, i, i%2, extra))
	}
	for _, sort := range []string{
		"name", "-name", "id", "-id", "priority", "-priority", "due_at,priority", "-due_at,priority", "due_at,-priority", "-due_at,-priority,name",
		"price,-due_at,priority", "status,-priority", "-created_at",
	} {
		list := "/v1/widgets?sort=" + sort
		whole := s.want(t, 200, "GET", list, "").names()
		if len(whole) != 23 {
			t.Fatalf("%s has %d, want 23", sort, len(whole))
		}
		var forwards, backwards []string
		page := s.want(t, 200, "GET", list+"&limit=4", "")
		for {
			forwards = append(forwards, page.names()...)
			next, ok := page.body["next"].(string)
			if !ok {
				break
			}
			page = s.want(t, 200, "GET", list+"&limit=4&after="+next, "")
		}
		for {
			backwards = append(page.names(), backwards...)
			prev, ok := page.body["prev"].(string)
			if !ok {
				break
			}
			page = s.want(t, 200, "GET", list+"&limit=4&before="+prev, "")
		}
		if diff := cmp.Diff(whole, forwards); diff != "" {
			t.Errorf("%s forwards (-whole +pages):\n%s", sort, diff)
		}
		if diff := cmp.Diff(whole, backwards); diff != "" {
			t.Errorf("%s backwards (-whole +pages):\n%s", sort, diff)
		}
	}
	next := fmt.Sprint(s.want(t, 200, "GET", "/v1/widgets?sort=name&limit=4", "").body["next"])
	for _, query := range []string{"sort=-name&after=" + next, "sort=name&status=open&after=" + next, "sort=name&after=x", "sort=name&after=" + next[1:], "sort=name&before=" + next + "e30"} {
		s.want(t, http.StatusBadRequest, "GET", "/v1/widgets?"+query, "")
	}
	s.want(t, 400, "GET", "/v1/makers?after="+next, "")
}

func TestTheDescription(t *testing.T) {
	t.Parallel()
	s := newService(t)
	schemas := s.want(t, 200, "GET", "/openapi.json", "").body["components"].(map[string]any)["schemas"].(map[string]any)
	properties := schemas["WidgetCreate"].(map[string]any)["properties"].(map[string]any)
	for name, want := range map[string]map[string]any{
		"name":     {"minLength": 1.0, "maxLength": 100.0},
		"code":     {"pattern": "^[A-Z]{2}[0-9]{1,6}$"},
		"priority": {"minimum": -10.0, "maximum": 10.0},
		"weight":   {"minimum": 0.0},
		"payload":  {"maxLength": 1336.0, "contentEncoding": "base64"},
	} {
		for key, value := range want {
			if got := properties[name].(map[string]any)[key]; got != value {
				t.Errorf("%s of %s = %v, want %v", key, name, got, value)
			}
		}
	}
	for _, name := range []string{"Widget", "WidgetPage", "WidgetCreate", "WidgetReplace", "WidgetPatch"} {
		if schemas[name] == nil {
			t.Errorf("no schema %s", name)
		}
	}
}
