package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"commitment/internal/httpapi"
	"commitment/internal/idempotency"
	"commitment/internal/identity"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgbouncer"
	"commitment/internal/postgres"
	"commitment/internal/tenancy"
	"commitment/internal/txn"
)

// The tenants of these tests. Each request is of the one that its header names.
const ours, theirs, tenantHeader = "ours", "theirs", "X-Tenant"

// fromTenants lets every request be ann's, of the tenant in its header.
func fromTenants(func(http.ResponseWriter, *http.Request, error)) func(http.Handler) http.Handler {
	var all []string
	for _, demand := range httpapi.Demands() {
		all = append(all, demand.Scopes()...)
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ann := &identity.Principal{Subject: "ann", Tenant: identity.TenantID(r.Header.Get(tenantHeader)), Scopes: all}
			next.ServeHTTP(w, r.WithContext(identity.With(r.Context(), ann)))
		})
	}
}

// items are the first item of each resource that a tenant sees, by the name in its path.
type items map[string]map[string]any

// matrix tries what ours can do with what is theirs, on every route.
type matrix struct {
	*service
	paths  map[string]map[string]operation
	before func() // each request
	// fill makes rows of a tenant, by requests.
	fill func(t *testing.T, tenant string)
	// bodies are those of requests about items, by their routes.
	bodies map[string]func(about items) string
}

// operation is what the document says of one.
type operation struct {
	Parameters []struct{ Name, In, Description string }
}

// newMatrix starts a service with a pool of these options.
func newMatrix(t *testing.T, o postgres.Options, api func(httpapi.Options) http.Handler) *matrix {
	t.Helper()
	m := &matrix{before: func() {}}
	m.service = startServiceOn(t, o, func(o httpapi.Options) http.Handler {
		o.Authenticate = fromTenants
		return api(o)
	}, 5*time.Second)
	var document struct {
		Paths map[string]map[string]operation
	}
	if err := json.Unmarshal([]byte(m.send(t, "GET", "/openapi.json", "").body), &document); err != nil {
		t.Fatal(err)
	}
	m.paths = document.Paths
	maps.DeleteFunc(m.paths, func(path string, _ map[string]operation) bool { return !strings.HasPrefix(path, "/v1/") })
	return m
}

// each runs the test directly, through a PgBouncer that has one connection for all, on one
// connection after the other tenant, and on one that a handler of the other tenant left
// with settings of its own.
func each(t *testing.T, startOn func(t *testing.T, o postgres.Options) *matrix) {
	t.Helper()
	start := func(t *testing.T, connections int) *matrix {
		t.Helper()
		return startOn(t, postgres.Options{URL: pgtest.URL(t), MaxOpenConns: connections, MaxIdleConns: connections})
	}
	t.Run("directly", func(t *testing.T) {
		t.Parallel()
		start(t, 4).run(t)
	})
	t.Run("through PgBouncer", func(t *testing.T) {
		t.Parallel()
		bouncer := pgbouncer.Start(t, pgtest.LoginURL(t, pgtest.OwnerURL(t)), pgbouncer.Options{PoolMode: "transaction", PoolSize: 1})
		through := pgtest.WithParams(t, bouncer.URL(), map[string]string{"default_query_exec_mode": "cache_describe"})
		m := startOn(t, postgres.Options{URL: through, MaxOpenConns: 4, MaxIdleConns: 4})
		path := slices.Sorted(maps.Keys(m.paths))[0]
		m.before = func() { m.send(t, "GET", path, "", tenantHeader, theirs).want(t, http.StatusOK) }
		m.run(t)
	})
	t.Run("after the other tenant, on one connection", func(t *testing.T) {
		t.Parallel()
		m := start(t, 1)
		path := slices.Sorted(maps.Keys(m.paths))[0]
		m.before = func() { m.send(t, "GET", path, "", tenantHeader, theirs).want(t, http.StatusOK) }
		m.run(t)
	})
	t.Run("after a handler that set the tenant and the role", func(t *testing.T) {
		t.Parallel()
		m := start(t, 1)
		m.before = func() {
			err := tenancy.DB{DB: m.db}.RunIn(t.Context(), identity.TenantID(theirs), txn.ReadWrite, func(ctx context.Context) error {
				tx, err := txn.SQLFromContext(ctx)
				if err != nil {
					return err
				}
				_, err = tx.ExecContext(ctx, "SELECT set_config('app.tenant', $1, false), "+
					"set_config('role', 'commitment_across_tenants', false), set_config('app.across_tenants', 'on', false)", identity.TenantID(theirs).String())
				return err
			})
			if err != nil {
				t.Error(err)
			}
		}
		m.run(t)
	})
}

// as sends a request of a tenant.
func (m *matrix) as(t *testing.T, tenant string, r request) response {
	t.Helper()
	m.before()
	return m.send(t, r.method, r.path, r.body, append(slices.Clone(r.header), tenantHeader, tenant)...)
}

func (m *matrix) run(t *testing.T) {
	t.Helper()
	m.fill(t, ours)
	own := m.items(t, ours)
	alone := m.reads(t, own)
	m.fill(t, theirs)
	if diff := cmp.Diff(alone, m.reads(t, own)); diff != "" {
		t.Errorf("what ours see of their own changes with theirs (-before +after):\n%s", diff)
	}
	others := m.items(t, theirs)
	rows := m.rowsOf(t, theirs)
	tried, nothing := map[string]bool{}, m.requests(others.absent())
	for i, r := range m.requests(others) {
		tried[r.route] = true
		got, want := others.masked(m.as(t, ours, r)), others.absent().masked(m.as(t, ours, nothing[i]))
		if got != want {
			t.Errorf("%s %s %v %s:\nabout theirs: %s\nabout what doesn't exist: %s\nwant the same", r.method, r.path, r.header, r.body, got, want)
		}
	}
	if diff := cmp.Diff(rows, m.rowsOf(t, theirs)); diff != "" {
		t.Errorf("their rows changed (-before +after):\n%s", diff)
	}
	for path, operations := range m.paths {
		for method := range operations {
			if route := strings.ToUpper(method) + " " + path; !tried[route] {
				t.Errorf("nothing was tried of %s: give it a body", route)
			}
		}
	}
	m.cursors(t)
	m.keys(t, own, others)
}

// items reads the first item of each list.
func (m *matrix) items(t *testing.T, tenant string) items {
	t.Helper()
	all := items{}
	for path, operations := range m.paths {
		if _, reads := operations["get"]; !reads || strings.Contains(path, "{") {
			continue
		}
		page := decode[struct{ Items []map[string]any }](t, m.as(t, tenant, request{method: "GET", path: path}).want(t, http.StatusOK))
		if len(page.Items) == 0 {
			t.Fatalf("%s have nothing in %s", tenant, path)
		}
		all[strings.TrimPrefix(path, "/v1/")] = page.Items[0]
	}
	return all
}

// request is one about an item.
type request struct {
	route, method, path, body string
	header                    []string
}

// inPath finds the parameters of a path.
var inPath = regexp.MustCompile(`\{\w+\}`)

// requests are those about the items: each route with each filter, order, expansion and
// precondition that it has.
func (m *matrix) requests(about items) (all []request) {
	for _, path := range slices.Sorted(maps.Keys(m.paths)) {
		parts := strings.Split(inPath.ReplaceAllString(path, ""), "/")
		resource, listed := parts[2], strings.TrimSuffix(path[strings.LastIndex(strings.TrimSuffix(path, "/{id}"), "/")+1:], "/{id}")
		for _, method := range slices.Sorted(maps.Keys(m.paths[path])) {
			r := request{
				route: strings.ToUpper(method) + " " + path, method: strings.ToUpper(method),
				path: inPath.ReplaceAllString(path, fmt.Sprint(about[resource]["id"])),
			}
			if body, ok := m.bodies[r.route]; ok {
				r.body = body(about)
			} else if r.method != http.MethodGet && r.method != http.MethodDelete {
				continue
			}
			all = append(all, r)
			for _, p := range m.paths[path][method].Parameters {
				all = append(all, r.with(p.Name, p.In, p.Description, about[listed])...)
			}
		}
	}
	return all
}

// with are the requests that have a parameter, too.
func (r request) with(name, in, description string, of map[string]any) (all []request) {
	field, _, _ := strings.Cut(name, ".")
	var values []string
	switch {
	case in == "header":
		values = []string{fmt.Sprintf(`"%v"`, of["version"]), `"1"`, "*"}
	case in != "query":
	case name == "count":
		values = []string{"exact"}
	case name == "sort":
		for field := range of {
			values = append(values, field, "-"+field)
		}
		slices.Sort(values)
	case name == "expand":
		_, edges, _ := strings.Cut(description, ": ")
		edges, _, _ = strings.Cut(edges, ".")
		values = []string{strings.ReplaceAll(edges, ", ", ",")}
	case of[field] != nil:
		values = []string{fmt.Sprint(of[field])}
	}
	for _, value := range values {
		with := r
		if in == "header" {
			with.header = []string{name, value}
		} else {
			with.path += "?" + url.Values{name: {value}}.Encode()
		}
		all = append(all, with)
	}
	return all
}

// reads are the responses to what ours read about their own items.
func (m *matrix) reads(t *testing.T, own items) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, r := range m.requests(own) {
		if r.method == http.MethodGet {
			got := m.as(t, ours, r)
			if got.status == http.StatusNotFound {
				t.Errorf("%s about their own = %d: %s", r.path, got.status, got.body)
			}
			all[fmt.Sprint(r.path, r.header)] = items{}.masked(got)
		}
	}
	return all
}

// absent are items like these that nobody has.
func (all items) absent() items {
	none := items{}
	for resource, item := range all {
		none[resource] = maps.Clone(item)
		for name, value := range item {
			text, ok := value.(string)
			switch {
			case !ok:
			case uuid.Validate(text) == nil:
				other := uuid.MustParse(text)
				other[15] ^= 1
				none[resource][name] = other.String()
			case name == "name":
				none[resource][name] = text + "x"
			}
		}
	}
	return none
}

// times finds times, which no two responses share, and the ids of requests.
var times = regexp.MustCompile(`\d{4}-\d\d-\d\dT[\d:.]+Z|"request_id":"[^"]*"`)

// masked is a response without what tells these items, and what is created, from others.
func (all items) masked(r response) string {
	text := fmt.Sprint(r.status, " ", r.header.Get("ETag"), " ", r.header.Get("Location"), " ", r.body)
	for _, item := range all {
		for name, value := range item {
			if value, ok := value.(string); ok && (name == "name" || uuid.Validate(value) == nil) {
				text = strings.ReplaceAll(text, value, "<theirs>")
			}
		}
	}
	if r.status == http.StatusCreated {
		text = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`).ReplaceAllString(text, "<new>")
	}
	return times.ReplaceAllString(text, "<time>")
}

// rowsOf are all rows of a tenant.
func (m *matrix) rowsOf(t *testing.T, tenant string) []string {
	t.Helper()
	return slices.DeleteFunc(m.rows(t), func(row string) bool { return !strings.Contains(row, identity.TenantID(tenant).String()) })
}

// cursors has ours go on from where theirs are in each list: nothing of theirs is there.
func (m *matrix) cursors(t *testing.T) {
	t.Helper()
	type page struct {
		Items []struct{ ID string }
		Next  string
	}
	for path, operations := range m.paths {
		if _, reads := operations["get"]; !reads || strings.Contains(path, "{") {
			continue
		}
		first := decode[page](t, m.as(t, theirs, request{method: "GET", path: path}).want(t, http.StatusOK))
		if len(first.Items) < 2 || first.Items[0].ID == "" {
			continue // no list of items
		}
		cursor := decode[page](t, m.as(t, theirs, request{method: "GET", path: path + "?limit=1"})).Next
		if cursor == "" {
			t.Errorf("%s: no next page for theirs, want one", path)
		}
		for _, parameter := range []string{"after", "before"} {
			got := m.as(t, ours, request{method: "GET", path: path + "?" + parameter + "=" + cursor}).want(t, http.StatusOK)
			for _, item := range first.Items {
				if strings.Contains(got.body, item.ID) {
					t.Errorf("%s %s their cursor = %s, want nothing of theirs", path, parameter, got.body)
				}
			}
		}
	}
}

// keys has both tenants send requests under one key: they are two requests.
func (m *matrix) keys(t *testing.T, own, others items) {
	t.Helper()
	for route, body := range m.bodies {
		method, path, _ := strings.Cut(route, " ")
		if method != http.MethodPost || strings.Contains(path, "{") {
			continue
		}
		post := func(tenant string, about items) response {
			r := request{method: method, path: path, header: []string{"Idempotency-Key", "shared"}, body: body(about)}
			return m.as(t, tenant, r)
		}
		// Both have the same body; each is a success or not by itself.
		first, second, third := post(theirs, others), post(ours, own), post(ours, own)
		first.wantHeader(t, idempotency.ReplayedHeader, "")
		second.wantHeader(t, idempotency.ReplayedHeader, "")
		if second.status < 300 {
			third.wantHeader(t, idempotency.ReplayedHeader, "true")
			if first.body == second.body || second.body != third.body {
				t.Errorf("%s = theirs %s, ours %s, again %s; want one's own", route, first.body, second.body, third.body)
			}
		}
	}
}

// TestNoRequestCrosses has things for resources: their rows are of tenants in every project.
func TestNoRequestCrosses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, o postgres.Options) *matrix {
		t.Helper()
		m := newMatrix(t, o, httpapi.NewThings)
		m.fill = func(t *testing.T, tenant string) {
			t.Helper()
			for _, name := range []string{"of " + tenant, "common"} {
				m.as(t, tenant, request{method: "POST", path: "/v1/things", body: fmt.Sprintf(`{"name":%q,"kind":"new"}`, name)}).want(t, http.StatusCreated)
			}
		}
		named := func(about items) string { return fmt.Sprintf(`{"name":"another %v"}`, about["things"]["name"]) }
		m.bodies = map[string]func(items) string{
			"PATCH /v1/things/{id}": named,
			"POST /v1/things": func(about items) string {
				return fmt.Sprintf(`{"name":"new %v","kind":"new"}`, about["things"]["name"])
			},
		}
		return m
	})
}
