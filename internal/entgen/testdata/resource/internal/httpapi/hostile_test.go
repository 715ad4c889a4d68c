package httpapi

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const nobody = "01890a5d-ac96-774b-bcce-b302099a8057"

// A hostile request is refused by its form: with this status, at these places, and before
// anything is sent to the database.
type hostile struct {
	name, method, path, body string
	header                   []string
	status                   int
	at                       []string
}

// refuse sends the requests.
func (s *service) refuse(t *testing.T, requests []hostile) {
	t.Helper()
	for _, h := range requests {
		s.echo.take()
		r := s.send(t, h.method, h.path, h.body, h.header...)
		got := r.wrong()
		slices.Sort(got)
		if r.status != h.status || !cmp.Equal(h.at, got) {
			t.Errorf("%s: %d at %q, want %d at %q: %.500s", h.name, r.status, got, h.status, h.at, r.text)
		}
		if sent := s.echo.take(); len(sent) > 0 {
			t.Errorf("%s: sends %q to be refused", h.name, sent)
		}
		if len(r.text) > 10_000 {
			t.Errorf("%s: the response has %d bytes: it repeats the request", h.name, len(r.text))
		}
	}
	if strings.Contains(s.log.String(), "level=ERROR") {
		t.Errorf("log:\n%s", s.log)
	}
}

// repeat is a list of n texts, with the number of each in place of #.
func repeat(n int, text, separator string) string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = strings.ReplaceAll(text, "#", fmt.Sprint(i))
	}
	return strings.Join(texts, separator)
}

func TestHostileLists(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for i := range 3 {
		s.create(t, "/v1/widgets", fmt.Sprintf(`{"name":"w%d","code":"AB%d","price":"1"}`, i, i))
		s.create(t, "/v1/makers", fmt.Sprintf(`{"name":"m%d"}`, i))
	}
	cursor := func(query string) string {
		next, _ := s.want(t, 200, "GET", "/v1/"+query, "").body["next"].(string)
		return next
	}
	next := cursor("widgets?limit=1&sort=name")
	text, err := base64.RawURLEncoding.DecodeString(next)
	if err != nil {
		t.Fatal(err)
	}
	forged := func(old, replaced string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(text), old, replaced, 1)))
	}
	flipped := []byte(next)
	flipped[5] ^= 1
	tests := []struct {
		name, query string
		status      int
		at          []string
	}{
		{"10,000 filters", repeat(10_000, "x#=1", "&"), 422, nil},
		{"17 filters", repeat(17, "name.ne=#", "&"), 422, []string{"name.ne"}}, // one filter, 17 times
		{"more values than all filters may have", "id.in=" + repeat(60, nobody, ",") + "&id.not_in=" + repeat(60, nobody, ","), 422, []string{"id.not_in"}},
		{"10,000 values", "id.in=" + repeat(10_000, "#", ","), 422, []string{"id.in"}},
		{"a value of 500 kB", "name=" + strings.Repeat("x", 500_000), 422, []string{"name"}},
		{"a name of 500 kB", strings.Repeat("x", 500_000) + "=1", 422, []string{strings.Repeat("x", 100) + "…"}},
		{"the same filter twice", "name=a&name=b", 422, []string{"name"}},
		{"the same limit twice", "limit=1&limit=1", 422, []string{"limit"}},
		{"an unknown parameter", "nope=1", 422, []string{"nope"}},
		{"an unknown operator", "name.like=a", 422, []string{"name.like"}},
		{"an operator of the operator", "name.gt.lt=a", 422, []string{"name.gt.lt"}},
		{"brackets", "name%5Bgt%5D=a", 422, []string{"name[gt]"}},
		{"SQL in a name", "name%22%3B--=a", 422, []string{`name";--`}},
		{"a filter by a hidden member", "internal_note=x", 422, []string{"internal_note"}},
		{"a filter by a write-only member", "secret.prefix=a", 422, []string{"secret.prefix"}},
		{"a filter by a column's name", "maker_widgets=1", 422, []string{"maker_widgets"}},
		{"a filter by an edge", "maker.name=a", 422, []string{"maker.name"}},
		{"a filter without an index", "level=1", 422, []string{"level"}},
		{"a filter by a part, without an index", "name.contains=a", 422, []string{"name.contains"}},
		{"an order by a hidden member", "sort=internal_note", 422, []string{"sort"}},
		{"an order by a write-only member", "sort=-secret", 422, []string{"sort"}},
		{"an order without an index", "sort=level", 422, []string{"sort"}},
		{"an order by four keys", "sort=name,code,status,id", 422, []string{"sort"}},
		{"an order by 10,000 keys", "sort=" + repeat(10_000, "name", ","), 422, []string{"sort"}},
		{"an order by a key twice", "sort=name,-name", 422, []string{"sort"}},
		{"an order by nothing", "sort=", 422, []string{"sort"}},
		{"an order down twice", "sort=--name", 422, []string{"sort"}},
		{"an unknown field", "fields=nope", 422, []string{"fields"}},
		{"a hidden field", "fields=name,internal_note", 422, []string{"fields"}},
		{"a write-only field", "fields=secret", 422, []string{"fields"}},
		{"a field twice", "fields=name,name", 422, []string{"fields"}},
		{"no fields", "fields=", 422, []string{"fields"}},
		{"limit 0", "limit=0", 422, []string{"limit"}},
		{"limit -1", "limit=-1", 422, []string{"limit"}},
		{"limit 10^18", "limit=1000000000000000000", 422, []string{"limit"}},
		{"limit 10^30", "limit=" + "1" + strings.Repeat("0", 30), 422, []string{"limit"}},
		{"limit abc", "limit=abc", 422, []string{"limit"}},
		{"limit 1e1", "limit=1e1", 422, []string{"limit"}},
		{"limit %2B5", "limit=%2B5", 422, []string{"limit"}},
		{"NUL in a value", "name=a%00b", 422, []string{"name"}},
		{"invalid UTF-8 in a value", "name=%ff", 422, []string{"name"}},
		{"half of a surrogate pair", "name=%ed%a0%80", 422, []string{"name"}},
		{"an integer beyond 64 bits", "priority=9223372036854775808", 422, []string{"priority"}},
		{"an integer below 64 bits", "priority.gt=-9223372036854775809", 422, []string{"priority.gt"}},
		{"a fraction for an integer", "priority=1.0", 422, []string{"priority"}},
		{"1e400", "weight=1e400", 422, []string{"weight"}},
		{"NaN", "weight=NaN", 422, []string{"weight"}},
		{"-Inf", "weight.lt=-Inf", 422, []string{"weight.lt"}},
		{"a hexadecimal number", "weight=0x1p4", 422, []string{"weight"}},
		{"a decimal NaN", "price=NaN", 422, []string{"price"}},
		{"a decimal of 1,000 digits", "price=" + strings.Repeat("9", 1000), 422, []string{"price"}},
		{"a decimal with an exponent", "price=1e9", 422, []string{"price"}},
		{"the year 10000", "due_at=10000-01-01T00:00:00Z", 422, []string{"due_at"}},
		{"the year 10000 in UTC", "due_at=9999-12-31T23:59:59-14:00", 422, []string{"due_at"}},
		{"a year before 0 in UTC", "due_at=0000-01-01T00:00:00%2B14:00", 422, []string{"due_at"}},
		{"the 30th of February", "due_at=2026-02-30T00:00:00Z", 422, []string{"due_at"}},
		{"infinity", "due_at=infinity", 422, []string{"due_at"}},
		{"now", "due_at=now", 422, []string{"due_at"}},
		{"a UUID in braces", "id=%7B" + nobody + "%7D", 422, []string{"id"}},
		{"a UUID without dashes", "id=" + strings.ReplaceAll(nobody, "-", ""), 422, []string{"id"}},
		{"a UUID as a URN", "id=urn:uuid:" + nobody, 422, []string{"id"}},
		{"an unknown value of an enum", "status.in=open,OPEN", 422, []string{"status.in"}},
		{"1 for true", "active=1", 422, []string{"active"}},
		{"after and before", "after=" + next + "&before=" + next, 422, []string{"before"}},
		{"after twice", "after=" + next + "&after=" + next, 422, []string{"after"}},
		{"a cursor of another order", "sort=-name&after=" + next, 400, []string{"after"}},
		{"a cursor of other filters", "sort=name&status=open&after=" + next, 400, []string{"after"}},
		{"a cursor of another resource", "after=" + cursor("makers?limit=1"), 400, []string{"after"}},
		{"a cursor with a flipped bit", "sort=name&after=" + string(flipped), 400, []string{"after"}},
		{"a cursor cut short", "sort=name&after=" + next[:len(next)-4], 400, []string{"after"}},
		{"a cursor that goes on", "sort=name&after=" + next + "AAAA", 400, []string{"after"}},
		{"a cursor of 500 kB", "sort=name&after=" + strings.Repeat("A", 500_000), 400, []string{"after"}},
		{"a cursor that isn't base64", "sort=name&before=%25%25%25", 400, []string{"before"}},
		{"a cursor with NUL", "sort=name&after=" + forged(`"w0"`, `"\u0000"`), 400, []string{"after"}},
		{"a cursor with a null", "sort=name&after=" + forged(`"w0"`, `null`), 400, []string{"after"}},
		{"a cursor with a number", "sort=name&after=" + forged(`"w0"`, `1`), 400, []string{"after"}},
		{"a cursor with another id", "sort=name&after=" + forged(`"w0","`, `"w0","x`), 400, []string{"after"}},
		{"an unknown way to count", "count=1", 422, []string{"count"}},
		{"deleted ones of what isn't deleted softly", "show_deleted=true", 422, []string{"show_deleted"}},
		{"a query that can't be parsed", "name=%zz", 400, nil},
	}
	var requests []hostile
	for _, tt := range tests {
		requests = append(requests, hostile{name: tt.name, method: "GET", path: "/v1/widgets?" + tt.query, status: tt.status, at: tt.at})
	}
	for _, expand := range []string{
		"nope", "name", "secrets", "reports.reports.reports", "boss.reports.boss", "boss,boss", "boss.", ".boss", "boss,,badge", repeat(10_000, "boss", ","), repeat(10_000, "boss", "."), "boss%00",
	} {
		for _, path := range []string{"/v1/workers", "/v1/workers/" + nobody, "/v1/workers/" + nobody + "/reports"} {
			requests = append(requests, hostile{name: "expand " + expand[:min(len(expand), 30)], method: "GET", path: path + "?expand=" + expand, status: 422, at: []string{"expand"}})
		}
	}
	s.refuse(t, requests)
	// What is taken for what it says.
	for query, want := range map[string]string{"name.prefix=%25": "", "name.prefix=w_": "", "name=w%5C": "", "note.contains=%5C": "", "name.in=w0,w0": "w0", "name.gte=w1%27--": "w2", "name=": "", "after=" + next + "&sort=name": "w1,w2"} {
		if strings.HasPrefix(query, "name.prefix") {
			query = strings.Replace(query, "name.prefix", "note.contains", 1)
		}
		if query == "name=" {
			s.want(t, 422, "GET", "/v1/widgets?"+query, "")
			continue
		}
		if got := strings.Join(s.want(t, 200, "GET", "/v1/widgets?"+query, "").names(), ","); got != want {
			t.Errorf("%s finds %q, want %q", query, got, want)
		}
	}
}

func TestHostileBodies(t *testing.T) {
	t.Parallel()
	s := newService(t)
	path := s.create(t, "/v1/widgets", wholeWidget)
	whole := func(members string) string { return `{"name":"n","code":"AB1","price":"0",` + members + `}` }
	tests := []struct {
		name, body string
		status     int
		at         []string
	}{
		{"empty", " ", 400, []string{"#"}},
		{"null", `null`, 422, []string{"#"}},
		{"an array", `[]`, 422, []string{"#"}},
		{"a text", `"{}"`, 422, []string{"#"}},
		{"a byte order mark", "\ufeff{}", 400, []string{"#"}},
		{"UTF-16", "\xff\xfe{\x00}\x00", 400, []string{"#"}},
		{"invalid UTF-8", whole("\"note\":\"\xff\""), 400, []string{"#"}},
		{"half of a surrogate pair", whole(`"note":"\ud800"`), 400, []string{"#"}},
		{"garbage behind", whole(`"note":"x"`) + "x", 400, []string{"#"}},
		{"two objects", whole(`"note":"x"`) + "{}", 400, []string{"#"}},
		{"a comma too many", whole(`"note":"x",`), 400, []string{"#"}},
		{"a member twice", whole(`"note":"x","note":"y"`), 400, []string{"#"}},
		{"a member twice, once escaped", whole(`"note":"x","not\u0065":"y"`), 400, []string{"#"}},
		{"a member twice, deep inside", whole(`"meta":{"a":[{"b":1,"b":2}]}`), 400, []string{"#"}},
		{"arrays 100,000 deep", strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000), 400, []string{"#"}},
		{"objects 1,000 deep", whole(`"meta":` + strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000)), 400, []string{"#"}},
		{"an unknown member", whole(`"nope":1`), 422, []string{"#/nope"}},
		{"a member in capitals", whole(`"Note":"x"`), 422, []string{"#/Note"}},
		{"a hidden member", whole(`"internal_note":"x"`), 422, []string{"#/internal_note"}},
		{"a read-only member", whole(`"created_at":"2026-01-01T00:00:00Z","version":7`), 422, []string{"#/created_at", "#/version"}},
		{"an id", whole(`"id":"` + nobody + `"`), 422, []string{"#/id"}},
		{"an edge", whole(`"maker":{"name":"m"}`), 422, []string{"#/maker"}},
		{"a prototype", whole(`"__proto__":{}`), 422, []string{"#/__proto__"}},
		{"a name of 100 kB", whole(`"` + strings.Repeat("x", 100_000) + `":1`), 400, []string{"#"}},
		{"NUL in a text", whole(`"note":"\u0000"`), 422, []string{"#/note"}},
		{"NUL deep inside", whole(`"meta":{"a":["\u0000"]}`), 422, []string{"#/meta/a/0"}},
		{"NUL in an array", whole(`"tags":["x","\u0000"]`), 422, []string{"#/tags/1"}},
		{"null in an array", whole(`"tags":["x",null]`), 422, []string{"#/tags/1"}},
		{"null for what has none", whole(`"active":null`), 422, []string{"#/active"}},
		{"an integer beyond 64 bits", whole(`"priority":9223372036854775808`), 422, []string{"#/priority"}},
		{"an integer beyond its own bits", whole(`"level":32768,"size":-1`), 422, []string{"#/level", "#/size"}},
		{"an integer with an exponent", whole(`"level":1e2`), 422, []string{"#/level"}},
		{"an integer as a text", whole(`"level":"1"`), 422, []string{"#/level"}},
		{"1e400", whole(`"weight":1e400`), 400, []string{"#"}},
		{"NaN", whole(`"weight":NaN`), 400, []string{"#"}},
		{"a decimal as a number", `{"name":"n","code":"AB1","price":0.1}`, 422, []string{"#/price"}},
		{"a time beyond the year 9999", whole(`"due_at":"9999-12-31T23:59:59-14:00"`), 422, []string{"#/due_at"}},
		{"a time before the year 0, and more", whole(`"due_at":"0000-01-01T00:00:00+14:00","level":99999`), 422, []string{"#/due_at", "#/level"}},
		{"a time without a zone", whole(`"due_at":"2026-01-01T00:00:00"`), 422, []string{"#/due_at"}},
		{"base64 with a line's end", whole(`"payload":"AA\nEC"`), 422, []string{"#/payload"}},
		{"base64 of URLs", whole(`"payload":"-_8="`), 422, []string{"#/payload"}},
		{"a UUID in braces", whole(`"serial":"{` + nobody + `}"`), 422, []string{"#/serial"}},
		{"a UUID without dashes", whole(`"serial":"` + strings.ReplaceAll(nobody, "-", "") + `"`), 422, []string{"#/serial"}},
	}
	var requests []hostile
	for _, tt := range tests {
		requests = append(requests, hostile{name: tt.name, method: "POST", path: "/v1/widgets", body: tt.body, status: tt.status, at: tt.at})
	}
	item := `{"title":"t","number":1#}`
	batches := []struct {
		name, verb, body string
		status           int
		at               []string
	}{
		{"10,000 items", "Create", `{"items":[` + repeat(10_000, item, ",") + `]}`, 422, []string{"#/items"}},
		{"no items", "Create", `{"items":[]}`, 422, []string{"#/items"}},
		{"items that are none", "Create", `{"items":{}}`, 422, []string{"#/items"}},
		{"an item that is none", "Create", `{"items":[1]}`, 422, []string{"#/items/0"}},
		{"a null item", "Create", `{"items":[{"title":"t","number":1},null]}`, 422, []string{"#/items/1"}},
		{"more than items", "Create", `{"items":[{"title":"t","number":1}],"force":true}`, 422, []string{"#/force"}},
		{"a bad item", "Create", `{"items":[{"title":"t","number":1},{"title":"","number":2}]}`, 422, []string{"#/items/1/title"}},
		{"a duplicate member in an item", "Create", `{"items":[{"title":"t","number":1,"number":2}]}`, 400, []string{"#"}},
		{"an id twice", "Update", `{"items":[{"id":"` + nobody + `","title":"x"},{"id":"` + strings.ToUpper(nobody) + `","title":"y"}]}`, 422, []string{"#/items/1/id"}},
		{"an id twice", "Delete", `{"items":[{"id":"` + nobody + `"},{"id":"` + nobody + `"}]}`, 422, []string{"#/items/1/id"}},
		{"an odd id", "Delete", `{"items":[{"id":"{` + nobody + `}"}]}`, 422, []string{"#/items/0/id"}},
		{"a null id", "Delete", `{"items":[{"id":null}]}`, 422, []string{"#/items/0/id"}},
		{"no id", "Update", `{"items":[{"title":"x"}]}`, 422, []string{"#/items/0/id"}},
		{"a version beyond 64 bits", "Update", `{"items":[{"id":"` + nobody + `","version":9223372036854775808}]}`, 422, []string{"#/items/0/version"}},
		{"a version with an exponent", "Update", `{"items":[{"id":"` + nobody + `","version":1e0}]}`, 422, []string{"#/items/0/version"}},
		{"a null version", "Update", `{"items":[{"id":"` + nobody + `","version":null}]}`, 422, []string{"#/items/0/version"}},
	}
	for _, tt := range batches {
		requests = append(requests, hostile{name: tt.name, method: "POST", path: documents + ":batch" + tt.verb, body: tt.body, status: tt.status, at: tt.at})
	}
	for _, tt := range []struct {
		name, method, body string
		header             []string
		status             int
		at                 []string
	}{
		{"another type", "PATCH", `{"name":"x"}`, []string{"Content-Type", "text/plain"}, 415, []string{"#"}},
		{"another charset", "PATCH", `{"name":"x"}`, []string{"Content-Type", "application/json; charset=utf-16"}, 415, []string{"#"}},
		{"a coding", "PATCH", `{"name":"x"}`, []string{"Content-Encoding", "gzip"}, 415, []string{"#"}},
		{"a body where there is none", "DELETE", `{"force":true}`, nil, 400, []string{"#"}},
		{"a query of a write", "PATCH?force=true", `{"name":"x"}`, nil, 422, []string{"force"}},
		{"If-Match without quotes", "PATCH", `{"name":"x"}`, []string{"If-Match", "1"}, 422, []string{"If-Match"}},
		{"If-Match half quoted", "PATCH", `{"name":"x"}`, []string{"If-Match", `"1`}, 422, []string{"If-Match"}},
		{"If-Match of all and one", "PATCH", `{"name":"x"}`, []string{"If-Match", `*, "1"`}, 422, []string{"If-Match"}},
		{"If-Match with nothing", "PATCH", `{"name":"x"}`, []string{"If-Match", ""}, 422, []string{"If-Match"}},
		{"If-None-Match without quotes", "PUT", `{}`, []string{"If-None-Match", "1"}, 422, []string{"If-None-Match"}},
		{"an empty key", "PATCH", `{"name":"x"}`, []string{"Idempotency-Key", ""}, 400, []string{"Idempotency-Key"}},
		{"a long key", "PATCH", `{"name":"x"}`, []string{"Idempotency-Key", strings.Repeat("k", 256)}, 400, []string{"Idempotency-Key"}},
	} {
		method, query, _ := strings.Cut(tt.method, "?")
		requests = append(requests, hostile{name: tt.name, method: method, path: path + "?" + query, body: tt.body, header: tt.header, status: tt.status, at: tt.at})
	}
	for _, odd := range []string{"7", "%00", nobody + "%00", "%7B" + nobody + "%7D", strings.ReplaceAll(nobody, "-", ""), "urn:uuid:" + nobody, nobody + "%20", strings.Repeat("x", 100_000), "%ff"} {
		requests = append(requests, hostile{name: "the id " + odd[:min(len(odd), 60)], method: "GET", path: "/v1/widgets/" + odd, status: 422, at: []string{"id"}})
	}
	for _, odd := range []string{"%00", "a%00", "%ff", strings.Repeat("x", 2000)} {
		requests = append(requests, hostile{name: "the text id " + odd[:min(len(odd), 60)], method: "GET", path: "/v1/teams/" + odd, status: 422, at: []string{"id"}})
	}
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		requests = append(requests, hostile{name: "If-None-Match where nobody looks", method: method, path: "/v1/widgets:batchDelete", body: `{"items":[]}`, header: []string{"If-None-Match", "*"}, status: map[string]int{"POST": 412, "PUT": 405, "DELETE": 405}[method]})
	}
	requests = append(requests, hostile{name: "If-Match where nobody looks", method: "POST", path: "/v1/widgets", body: `{}`, header: []string{"If-Match", `"1"`}, status: 412})
	s.refuse(t, requests)

	// Only the row tells.
	read := func(header ...string) int { return s.send(t, "PATCH", path, `{"name":"x"}`, header...).status }
	for tags, want := range map[string]int{`W/"1"`: 412, `"700"`: 412, `"a,b"`: 412, `"700", W/"1"`: 412, `"700","1"`: 200, `*`: 200} {
		s.exec(t, `UPDATE widgets SET version = 1`) // a trigger counts
		var version int64
		if err := s.pool.QueryRowContext(t.Context(), `SELECT version FROM widgets`).Scan(&version); err != nil {
			t.Fatal(err)
		}
		if got := read("If-Match", strings.ReplaceAll(tags, "1", fmt.Sprint(version))); got != want {
			t.Errorf("If-Match: %s = %d, want %d", tags, got, want)
		}
	}
	for _, odd := range []string{"..%2F..%2Fetc%2Fpasswd", "a%2Fb", "a%3Fb", "%25"} { // texts as good as others
		s.want(t, http.StatusNotFound, "GET", "/v1/teams/"+odd, "")
		s.want(t, http.StatusCreated, "PUT", "/v1/folders/"+nobody, `{"name":`+fmt.Sprintf("%q", odd)+`}`, "Tenant", odd)
		s.want(t, http.StatusNoContent, "DELETE", "/v1/folders/"+nobody, "", "Tenant", odd)
	}
	if got := s.want(t, 200, "GET", "/v1/widgets/"+strings.ToUpper(id(path)), "").body["id"]; got != id(path) {
		t.Errorf("id in capitals = %v", got)
	}
}

// TestACursorHasTheWholeText pages over texts that are longer than those of filters, and
// refuses an order by those that no cursor has room for.
func TestACursorHasTheWholeText(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for i := range 3 {
		s.create(t, "/v1/teams", fmt.Sprintf(`{"id":"t%d","name":%q}`, i, strings.Repeat("x", 2000)+fmt.Sprint(i)))
	}
	next := fmt.Sprint(s.want(t, 200, "GET", "/v1/teams?limit=2&sort=name", "").body["next"])
	if got := s.want(t, 200, "GET", "/v1/teams?limit=2&sort=name&after="+url.QueryEscape(next), "").names(); len(got) != 1 || !strings.HasSuffix(got[0], "x2") {
		t.Errorf("second page = %.100q", got)
	}
	s.exec(t, `UPDATE teams SET name = repeat(id, 10000)`) // PostgreSQL compresses it in the index
	if got := s.want(t, 422, "GET", "/v1/teams?limit=2&sort=name", "").wrong(); !slices.Equal(got, []string{"sort"}) {
		t.Errorf("blamed = %v, want sort", got)
	}
	s.want(t, 200, "GET", "/v1/teams?limit=2&sort=id", "")
}
