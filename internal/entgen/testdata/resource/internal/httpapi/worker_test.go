package httpapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// create creates something, and returns its path.
func (s *service) create(t *testing.T, path, body string) string {
	t.Helper()
	return s.want(t, 201, "POST", path, body).header.Get("Location")
}

func id(path string) string { return path[strings.LastIndex(path, "/")+1:] }

// at follows names and indexes into a body.
func at(t *testing.T, v any, path ...any) any {
	t.Helper()
	for i, step := range path {
		switch step := step.(type) {
		case string:
			object, ok := v.(map[string]any)
			if !ok {
				t.Fatalf("%v is %v, no object", path[:i], v)
			}
			if v, ok = object[step]; !ok {
				v = "absent"
			}
		case int:
			list, ok := v.([]any)
			if !ok || step >= len(list) {
				t.Fatalf("%v is %v, without %d", path[:i], v, step)
			}
			v = list[step]
		}
	}
	return v
}

// names are those of a page that stands in a body.
func namesAt(t *testing.T, v any, path ...any) string {
	t.Helper()
	body, _ := at(t, v, path...).(map[string]any)
	return strings.Join(response{body: body}.names(), "")
}

// company is a boss, A, with five who report to A, b to f, of whom e has gone. Of A's
// teams one is hidden. b has friends.
type company struct {
	*service
	boss    string
	reports map[string]string
}

func newCompany(t *testing.T) company {
	t.Helper()
	s := newService(t)
	c := company{s, s.create(t, "/v1/workers", `{"name":"A"}`), map[string]string{}}
	for _, name := range strings.Split("fedcb", "") {
		path := s.create(t, "/v1/workers", `{"name":"`+name+`"}`)
		c.reports[name] = path
		s.exec(t, "UPDATE workers SET worker_reports = $1, gone = $2 WHERE id = $3", id(c.boss), name == "e", id(path))
	}
	for _, name := range []string{"x", "y", "z", "hidden"} {
		s.create(t, "/v1/teams", `{"id":"`+name+`/\"1\"","name":"`+name+`"}`)
		s.exec(t, "INSERT INTO worker_teams (worker_id, team_id) VALUES ($1, $2)", id(c.boss), name+`/"1"`)
	}
	return c
}

func TestExpansion(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	club := c.create(t, "/v1/clubs", `{"name":"chess"}`)
	c.create(t, "/v1/memberships", fmt.Sprintf(`{"worker_id":"%s","club_id":"%s"}`, id(c.boss), id(club)))
	badge := c.create(t, "/v1/badges", fmt.Sprintf(`{"worker_id":"%s"}`, id(c.boss)))
	plain := c.want(t, 200, "GET", c.boss, "")
	for _, name := range []string{"boss", "reports", "badge", "teams", "night_clubs", "memberships"} {
		if got := at(t, plain.body, name); got != "absent" {
			t.Errorf("without expand %s = %v", name, got)
		}
	}
	r := c.want(t, 200, "GET", c.boss+"?expand=boss,reports.boss,reports.badge,badge.worker,teams,night_clubs", "", "If-None-Match", "*")
	if got := r.header.Get("ETag"); got != "" || plain.header.Get("ETag") != `"1"` {
		t.Errorf("ETag with expand = %q", got)
	}
	for _, tt := range []struct {
		path []any
		want any
	}{
		{[]any{"boss"}, nil},
		{[]any{"badge", "worker", "name"}, "A"},
		{[]any{"badge", "worker", "badge"}, "absent"},
		{[]any{"badge", "worker_id"}, id(c.boss)},
		{[]any{"reports", "items", 0, "boss", "name"}, "A"},
		{[]any{"reports", "items", 0, "badge"}, nil},
		{[]any{"night_clubs", "items", 0, "name"}, "chess"},
		{[]any{"night_clubs", "next"}, "absent"},
	} {
		if got := at(t, r.body, tt.path...); got != tt.want {
			t.Errorf("%v = %v, want %v", tt.path, got, tt.want)
		}
	}
	for name, want := range map[string]string{"reports": "bcd", "teams": "zy"} {
		if got := namesAt(t, r.body, name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	// The pages inside go on in the lists.
	for name, want := range map[string]string{"reports": "f", "teams": "x"} {
		next, _ := at(t, r.body, name, "next").(string)
		if got := strings.Join(c.want(t, 200, "GET", c.boss+"/"+name+"?after="+next, "").names(), ""); got != want {
			t.Errorf("after the %s inside comes %q, want %q", name, got, want)
		}
	}
	// An edge to one of whom the client sees nothing is null.
	c.exec(t, "UPDATE workers SET gone = true WHERE id = $1", id(c.boss))
	for edge, path := range map[string]string{"boss": c.reports["b"], "worker": badge} {
		r := c.want(t, 200, "GET", path+"?fields=id&expand="+edge, "")
		if got := at(t, r.body, edge); got != nil || len(r.body) != 2 {
			t.Errorf("%s of %s is answered %s", edge, path, r.text)
		}
	}
}

func TestExpansionInLists(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	// Pages over nulls are unions: what edges are found by comes through them.
	maker := c.create(t, "/v1/makers", `{"id":"01890a5d-ac96-774b-bcce-b302099a8057","name":"m"}`)
	for i := range 200 {
		due := `null`
		if i%2 == 0 {
			due = `"2026-01-01T00:00:00Z"`
		}
		c.create(t, "/v1/widgets", fmt.Sprintf(`{"name":"w%03d","code":"AB%d","price":"1","due_at":%s,"maker_id":"%s"}`, i, i, due, id(maker)))
	}
	page := c.want(t, 200, "GET", "/v1/widgets?sort=due_at&limit=90&expand=maker.widgets", "")
	next, _ := page.body["next"].(string)
	page = c.want(t, 200, "GET", "/v1/widgets?sort=due_at&limit=90&expand=maker.widgets&after="+next, "")
	for i := range 90 {
		if got := at(t, page.body, "items", i, "maker", "name"); got != "m" {
			t.Fatalf("maker %d = %v", i, got)
		}
	}
	if got := len(at(t, page.body, "items", 0, "maker", "widgets", "items").([]any)); got != 60 {
		t.Errorf("widgets inside = %d, want 60", got)
	}
	for i := range 194 {
		path := c.create(t, "/v1/workers", fmt.Sprintf(`{"name":"n%d"}`, i))
		c.exec(t, "UPDATE workers SET worker_reports = $1 WHERE id = $2", id(c.reports["b"]), id(path))
	}
	for query, want := range map[string]int{"": 1, "&expand=boss,reports": 3, "&expand=boss.badge,badge,teams.workers": 6} {
		before := c.statements()
		c.want(t, 200, "GET", "/v1/workers?limit=199"+query, "")
		if got := c.statements() - before; got != want {
			t.Errorf("199 workers%s are %d statements, want %d", query, got, want)
		}
	}
	r := c.want(t, 200, "GET", "/v1/workers?limit=200&expand=boss,reports&fields=name", "")
	items, _ := r.body["items"].([]any)
	if len(items) != 199 {
		t.Fatalf("items = %d, want 199", len(items))
	}
	for i, want := range map[int]string{0: "bcd", 1: "n0n1n10", 2: ""} {
		if got := namesAt(t, items[i], "reports"); got != want {
			t.Errorf("reports %d = %q, want %q", i, got, want)
		}
	}
	if got := at(t, items[5], "boss", "name"); got != "b" {
		t.Errorf("boss = %v, want b", got)
	}
}

func TestNestedLists(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	for path, want := range map[string]string{
		"/reports": "bcdf", "/reports?name.gt=b&sort=-name&limit=2": "fd", "/reports?name=A": "", "/reports?fields=name&name.in=b,e": "b",
		"/teams": "zyx", "/teams?sort=name&limit=2": "xy", "/night-clubs": "", "/friends": "",
	} {
		if got := strings.Join(c.want(t, 200, "GET", c.boss+path, "").names(), ""); got != want {
			t.Errorf("%s = %q, want %q", path, got, want)
		}
	}
	r := c.want(t, 200, "GET", "/v1/teams/x%2F%221%22/workers?count=exact&expand=reports,boss", "")
	if r.body["total"] != 1.0 || namesAt(t, r.body) != "A" || namesAt(t, r.body, "items", 0, "reports") != "bcd" {
		t.Errorf("workers of a team = %s", r.text)
	}
	if r := c.want(t, 200, "GET", c.boss+"/reports?count=true", ""); r.body["total"] != 4.0 {
		t.Errorf("total = %v, want 4: one has gone", r.body["total"])
	}
	page := c.want(t, 200, "GET", c.boss+"/reports?limit=3", "")
	next := fmt.Sprint(page.body["next"])
	last := c.want(t, 200, "GET", c.boss+"/reports?limit=3&after="+next, "")
	if got := strings.Join(last.names(), ""); got != "f" {
		t.Errorf("second page = %q", got)
	}
	if got := namesAt(t, c.want(t, 200, "GET", c.boss+"/reports?before="+fmt.Sprint(last.body["prev"]), "").body); got != "bcd" {
		t.Errorf("page before = %q", got)
	}
	for path, status := range map[string]int{
		c.reports["b"] + "/reports?after=" + next:                    400, // a cursor of another worker's list
		"/v1/workers?after=" + next:                                  400,
		c.boss + "/friends?after=" + next:                            400,
		c.reports["e"] + "/reports":                                  404, // has gone
		"/v1/workers/01890a5d-ac96-774b-bcce-b302099a8057/reports":   404,
		"/v1/teams/hidden%2F%221%22/workers":                         404,
		"/v1/workers/7/reports":                                      422,
		c.boss + "/reports?nope=1":                                   422,
		c.boss + "/reports?after=x":                                  400,
		c.boss + "/boss":                                             404, // no list
		c.boss + "/secrets":                                          404,
		c.boss + "/memberships":                                      404,
		"/v1/clubs/01890a5d-ac96-774b-bcce-b302099a8057/workers":     404,
		c.boss + "/reports?expand=reports.reports&limit=200":         200,
		c.boss + "/reports/" + id(c.reports["b"]) + "?expand=boss":   404,
		c.boss + "/night-clubs/01890a5d-ac96-774b-bcce-b302099a8057": 404,
	} {
		c.want(t, status, "GET", path, "")
	}
	for path, allowed := range map[string]string{c.boss + "/reports": "GET, HEAD", c.boss + "/teams/x": "PUT, DELETE"} {
		if got := strings.Join(c.want(t, 405, "POST", path, "{}").header["Allow"], ", "); got != allowed {
			t.Errorf("%s allows %s, want %s", path, got, allowed)
		}
	}
}

func TestWhatCannotBeExpanded(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	for _, expand := range []string{
		"", "nope", "name", "secrets", "memberships", "friends", "boss.boss.boss", "boss.", ".boss", "boss..badge", "Boss", "boss,,badge", "boss,%20badge", "boss,boss",
		"boss.secrets", "boss.name", "boss%00", strings.Repeat("boss.", 1000) + "boss", strings.Repeat("boss,", 1000) + "boss", strings.Repeat("x", 5000),
		"boss,badge,reports,teams,night_clubs,boss.boss,boss.badge,boss.teams,boss.reports", "boss;badge",
	} {
		status := 422
		if expand == "boss;badge" {
			status = 400 // no query
		}
		for _, path := range []string{c.boss, "/v1/workers", c.boss + "/reports"} {
			r := c.want(t, status, "GET", path+"?expand="+expand, "")
			if diff := cmp.Diff([]string{"expand"}, r.wrong()); status == 422 && diff != "" || len(r.text) > 1000 {
				t.Errorf("%.100s: what is wrong (-want +got):\n%s\n%.300s", expand, diff, r.text)
			}
		}
	}
	for path, status := range map[string]int{
		"/v1/makers?expand=widgets&limit=200":            422, // 12000 widgets
		"/v1/makers?expand=widgets.maker&limit=100":      422,
		"/v1/makers?expand=widgets.maker":                200,
		"/v1/makers?expand=widgets&expand=widgets.maker": 422,
		"/v1/clubs?expand=workers":                       422, // not annotated
		"/v1/secrets":                                    404,
	} {
		c.want(t, status, "GET", path, "")
	}
	c.want(t, 422, "POST", "/v1/workers?expand=boss", `{"name":"q"}`)
	c.want(t, 422, "PATCH", c.boss+"?expand=boss", `{"name":"q"}`)
}

func TestLinks(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	b := c.reports["b"]
	const x, hidden = "/teams/x%2F%221%22", "/teams/hidden%2F%221%22"
	version := func(path string) string { return c.want(t, 200, "GET", path, "").header.Get("ETag") }
	for _, step := range []struct {
		method, link    string
		status          int
		version, linked string
		header          []string
	}{
		{"DELETE", x, 204, `"1"`, "", nil},
		{"PUT", x, 412, `"1"`, "", []string{"If-Match", `"7"`}},
		{"PUT", x, 204, `"2"`, "x", []string{"If-Match", `"1"`, "Idempotency-Key", "k"}},
		{"PUT", x, 204, `"2"`, "x", []string{"If-Match", `"1"`, "Idempotency-Key", "k"}},
		{"PUT", x, 204, `"2"`, "x", nil},
		{"PUT", hidden, 404, `"2"`, "x", nil},
		{"DELETE", hidden, 404, `"2"`, "x", nil},
		{"PUT", "/teams/nope", 404, `"2"`, "x", nil},
		{"PUT", "/teams/" + strings.Repeat("n", 2000), 422, `"2"`, "x", nil},
		{"PUT", x + "?fields=id", 422, `"2"`, "x", nil},
		{"DELETE", x, 204, `"3"`, "", nil},
		{"DELETE", x, 204, `"3"`, "", nil},
	} {
		r := c.want(t, step.status, step.method, b+step.link, "", step.header...)
		if got := version(b); got != step.version {
			t.Errorf("%s %s: version = %s, want %s", step.method, step.link, got, step.version)
		}
		if got := strings.Join(c.want(t, 200, "GET", b+"/teams", "").names(), ""); got != step.linked {
			t.Errorf("%s %s: teams = %q, want %q", step.method, step.link, got, step.linked)
		}
		if step.status == 422 && len(r.wrong()) != 1 {
			t.Errorf("%s %s is answered %s", step.method, step.link, r.text)
		}
	}
	if got := c.want(t, 422, "PUT", b+"/friends/7", "").wrong(); len(got) != 1 || got[0] != "worker_id" {
		t.Errorf("what is wrong = %v", got)
	}
	c.want(t, 204, "PUT", b+"/friends/"+id(c.boss), "")
	for path, want := range map[string]string{b: "A", c.boss: "b"} { // friends are each other's
		if got := strings.Join(c.want(t, 200, "GET", path+"/friends", "").names(), ""); got != want {
			t.Errorf("friends = %q, want %q", got, want)
		}
	}
	c.want(t, 204, "PUT", b+"/friends/"+id(b), "")
	c.want(t, 204, "DELETE", c.boss+"/friends/"+id(b), "")
	if got := strings.Join(c.want(t, 200, "GET", b+"/friends", "").names(), ""); got != "b" {
		t.Errorf("friends = %q, want b alone", got)
	}
	c.want(t, 404, "PUT", b+"/friends/"+id(c.reports["e"]), "") // has gone
	c.want(t, 404, "PUT", c.reports["e"]+"/friends/"+id(b), "")
	c.want(t, 404, "DELETE", c.reports["e"]+"/friends/"+id(b), "")
	// The policy of a worker's changes holds.
	frozen := c.create(t, "/v1/workers", `{"name":"frozen"}`)
	c.want(t, 403, "PUT", frozen+x, "")
	c.exec(t, "INSERT INTO worker_teams (worker_id, team_id) VALUES ($1, $2)", id(frozen), `x/"1"`)
	c.want(t, 403, "DELETE", frozen+x, "")
	// What isn't linked: a schema of pairs, an edge to many by a key, a resource that
	// clients don't update.
	for _, path := range []string{b + "/night-clubs/" + id(b), b + "/reports/" + id(b), "/v1/teams/x%2F%221%22/workers/" + id(b)} {
		for _, method := range []string{"PUT", "DELETE"} {
			c.want(t, http.StatusNotFound, method, path, "")
		}
	}
}

func TestTheDescriptionOfEdges(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for _, version := range []string{"/openapi.json", "/openapi-3.0.json"} {
		document := s.want(t, 200, "GET", version, "").body
		paths, _ := document["paths"].(map[string]any)
		for path, want := range map[string]map[string]string{
			"/v1/workers/{id}/reports":         {"get": "listWorkerReports"},
			"/v1/workers/{id}/night-clubs":     {"get": "listWorkerNightClubs"},
			"/v1/workers/{id}/teams":           {"get": "listWorkerTeams"},
			"/v1/workers/{id}/teams/{team_id}": {"put": "linkWorkerTeams", "delete": "unlinkWorkerTeams"},
			"/v1/teams/{id}/workers":           {"get": "listTeamWorkers"},
		} {
			got := map[string]string{}
			operations, _ := paths[path].(map[string]any)
			for method, op := range operations {
				got[method], _ = at(t, op, "operationId").(string)
				if tags, _ := at(t, op, "tags").([]any); len(tags) != 1 {
					t.Errorf("%s %s has the tags %v", method, path, tags)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("operations of %s (-want +got):\n%s", path, diff)
			}
		}
		worker := at(t, document, "components", "schemas", "Worker", "properties")
		if got := at(t, worker, "reports", "$ref"); got != "#/components/schemas/WorkerPage" {
			t.Errorf("reports = %v", got)
		}
		if version == "/openapi.json" {
			if got := at(t, worker, "boss", "oneOf", 1, "type"); got != "null" {
				t.Errorf("boss = %v", at(t, worker, "boss"))
			}
		} else if got := at(t, worker, "boss", "nullable"); got != true {
			t.Errorf("boss = %v", at(t, worker, "boss"))
		}
	}
}
