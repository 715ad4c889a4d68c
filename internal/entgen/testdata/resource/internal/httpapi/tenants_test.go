package httpapi

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"commitment/ent"
	entcrate "commitment/ent/crate"
	"commitment/ent/resource"
	"commitment/internal/idempotency"
	"commitment/internal/identity"
	"commitment/internal/migration"
	"commitment/internal/migrator/migratortest"
	"commitment/internal/migrator/plan"
	"commitment/internal/pgtest"
	"commitment/internal/postgres"
	"commitment/internal/tenancy"
	"commitment/internal/txn"
)

// kept are the rows of each tenant: a shelf with a crate that has a sticker, one that has
// none, and one that is deleted; an empty shelf; and a sticker that is nowhere.
var kept = []string{"shelf", "empty", "crate", "bare", "gone", "sticker", "spare"}

// walled is a service whose tenants the database keeps apart: the role of the service is
// held to the policies.
type walled struct {
	*service
	owner *sql.DB
	made  int // names
}

// migrated returns the URL of a database with the tables that the migrations would make,
// for its owner.
func migrated(t *testing.T) string {
	t.Helper()
	dir, err := migrate.NewLocalDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plan.CompiledIn().Diff(t.Context(), migratortest.Server(t), dir, "all"); err != nil {
		t.Fatal(err)
	}
	url := pgtest.EmptyURL(t)
	if _, err := migration.Apply(t.Context(), pgtest.Open(t, url), dir, migration.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	return url
}

func newWalled(t *testing.T, connections int) *walled {
	t.Helper()
	url := migrated(t)
	sender := func(r *http.Request) *identity.Principal {
		return &identity.Principal{Subject: "ann", Tenant: identity.TenantID(r.Header.Get("Tenant"))}
	}
	s := newServiceOn(t, postgres.Options{URL: pgtest.AppURL(t, url), MaxOpenConns: connections, MaxIdleConns: connections}, sender, func(v1 *api) {
		mount(v1, resource.Crates())
		mount(v1, resource.Shelves())
		mount(v1, resource.Stickers())
	})
	return &walled{service: s, owner: pgtest.Open(t, url)}
}

// fill makes rows of a tenant, and returns their ids.
func (s *walled) fill(t *testing.T, tenant string) map[string]string {
	t.Helper()
	s.made++
	ids := map[string]string{}
	create := func(name, path, body string) {
		ids[name] = id(s.want(t, 201, "POST", path, fmt.Sprintf(body, fmt.Sprint(tenant, " ", name, s.made)), "Tenant", tenant).header.Get("Location"))
	}
	for _, name := range []string{"shelf", "empty"} {
		create(name, "/v1/shelves", `{"name":%q}`)
	}
	for _, name := range []string{"crate", "bare", "gone"} {
		create(name, "/v1/crates", `{"name":%q,"shelf_id":"`+ids["shelf"]+`"}`)
	}
	for _, name := range []string{"sticker", "spare"} {
		create(name, "/v1/stickers", `{"name":%q}`)
	}
	s.want(t, 204, "PUT", "/v1/crates/"+ids["crate"]+"/stickers/"+ids["sticker"], "", "Tenant", tenant)
	s.want(t, 204, "DELETE", "/v1/crates/"+ids["gone"], "", "Tenant", tenant)
	return ids
}

// rows are all rows of tenants, as text.
func (s *walled) rows(t *testing.T) string {
	t.Helper()
	return pgtest.Value[string](t, s.owner, `SELECT concat_ws(E'\n', (SELECT jsonb_agg(r ORDER BY id) FROM shelves r), (SELECT jsonb_agg(r ORDER BY id) FROM crates r),
		(SELECT jsonb_agg(r ORDER BY id) FROM stickers r), (SELECT jsonb_agg(r ORDER BY id) FROM stickings r))`)
}

// An attempt is a request of a tenant about its own rows, {my crate} and so on, and about
// others, {crate}. About the tenant's own, which status it has.
type attempt struct {
	name, method, path, body string
	own                      int
}

var attempts = []attempt{
	{"batch create", "POST", "/v1/crates:batchCreate", `{"items":[{"name":"{new}","shelf_id":"{my shelf}"},{"name":"{new} 2","shelf_id":"{shelf}"}]}`, 201},
	{"batch create of one", "POST", "/v1/crates:batchCreate", `{"items":[{"name":"{new}","shelf_id":"{shelf}"}]}`, 201},
	{"batch update", "POST", "/v1/crates:batchUpdate", `{"items":[{"id":"{my crate}","name":"{new}"},{"id":"{crate}","name":"{new} 2"}]}`, 200},
	{"batch update, others first", "POST", "/v1/crates:batchUpdate", `{"items":[{"id":"{crate}","name":"{new}"},{"id":"{my crate}","name":"{new} 2"}]}`, 200},
	{"batch update of a version", "POST", "/v1/crates:batchUpdate", `{"items":[{"id":"{my bare}","version":1,"name":"{new}"},{"id":"{bare}","version":1,"name":"{new} 2"}]}`, 200},
	{"batch update of another version", "POST", "/v1/crates:batchUpdate", `{"items":[{"id":"{my bare}","name":"{new}"},{"id":"{bare}","version":77,"name":"{new} 2"}]}`, 412},
	{"batch update of nothing", "POST", "/v1/crates:batchUpdate", `{"items":[{"id":"{crate}"}]}`, 200},
	{"batch update to a shelf", "POST", "/v1/crates:batchUpdate", `{"items":[{"id":"{my bare}","name":"{new}"},{"id":"{my crate}","shelf_id":"{shelf}"}]}`, 200},
	{"batch delete", "POST", "/v1/crates:batchDelete", `{"items":[{"id":"{my crate}"},{"id":"{crate}"}]}`, 204},
	{"batch delete, others first", "POST", "/v1/crates:batchDelete", `{"items":[{"id":"{crate}"},{"id":"{my crate}"}]}`, 204},
	{"batch delete of what is deleted", "POST", "/v1/crates:batchDelete", `{"items":[{"id":"{my crate}"},{"id":"{bare}","version":1}]}`, 204},
	{"batch delete of shelves", "POST", "/v1/shelves:batchDelete", `{"items":[{"id":"{my empty}"},{"id":"{empty}"}]}`, 204},
	{"link", "PUT", "/v1/crates/{my bare}/stickers/{sticker}", "", 204},
	{"link from another", "PUT", "/v1/crates/{bare}/stickers/{my sticker}", "", 204},
	{"link two others", "PUT", "/v1/crates/{crate}/stickers/{spare}", "", 204},
	{"link, from the other side", "PUT", "/v1/stickers/{my sticker}/crates/{crate}", "", 204},
	{"link from another, from the other side", "PUT", "/v1/stickers/{sticker}/crates/{my crate}", "", 204},
	{"unlink", "DELETE", "/v1/crates/{my crate}/stickers/{sticker}", "", 204},
	{"unlink from another", "DELETE", "/v1/crates/{crate}/stickers/{my sticker}", "", 204},
	{"unlink two others", "DELETE", "/v1/crates/{crate}/stickers/{sticker}", "", 204},
	{"unlink, from the other side", "DELETE", "/v1/stickers/{sticker}/crates/{crate}", "", 204},
	{"past shelves of a crate", "GET", "/v1/crates/{crate}/past-shelves?count=exact", "", 200},
	{"stickers of a crate", "GET", "/v1/crates/{crate}/stickers?count=exact", "", 200},
	{"crates of a sticker", "GET", "/v1/stickers/{sticker}/crates?show_deleted=true", "", 200},
	{"crates of a shelf", "GET", "/v1/shelves/{shelf}/crates?count=exact&show_deleted=true&expand=stickers,shelf", "", 200},
	{"crates of a shelf by a filter", "GET", "/v1/crates?shelf_id={shelf}&id.in={my crate},{crate}&count=exact", "", 200},
	{"read", "GET", "/v1/crates/{crate}?expand=stickers,shelf", "", 200},
	{"create", "POST", "/v1/crates", `{"name":"{new}","shelf_id":"{shelf}"}`, 201},
	{"replace", "PUT", "/v1/crates/{crate}", `{"name":"{new}","shelf_id":"{my shelf}"}`, 200},
	{"change", "PATCH", "/v1/crates/{crate}", `{"name":"{new}"}`, 200},
	{"change to a shelf", "PATCH", "/v1/crates/{my crate}", `{"name":"{new}","shelf_id":"{shelf}"}`, 200},
	{"delete", "DELETE", "/v1/crates/{crate}", "", 204},
	{"undelete", "POST", "/v1/crates/{gone}:undelete", "", 200},
	{"undelete what isn't deleted", "POST", "/v1/crates/{crate}:undelete", "", 200},
}

// about fills in the ids.
func (a attempt) about(mine, others map[string]string, n int) attempt {
	pairs := []string{"{new}", fmt.Sprint("new ", n)}
	for _, name := range kept {
		pairs = append(pairs, "{my "+name+"}", mine[name], "{"+name+"}", others[name])
	}
	r := strings.NewReplacer(pairs...)
	a.path, a.body = r.Replace(a.path), r.Replace(a.body)
	return a
}

var masked = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|"request_id":"[^"]*"|new \d+|\d{4}-\d\d-\d\dT[\d:.]+Z`)

// outcome is a response, without what tells ids, names and times from others.
func (s *walled) outcome(t *testing.T, a attempt, header ...string) string {
	t.Helper()
	r := s.send(t, a.method, a.path, a.body, append(header, "Tenant", "ours")...)
	return fmt.Sprint(r.status, " ", r.header.Get("ETag"), " ", masked.ReplaceAllString(r.text, "…"))
}

// absent are ids that nobody has.
func absent() map[string]string {
	none := map[string]string{}
	for _, name := range kept {
		none[name] = uuid.NewString()
	}
	return none
}

// TestNothingCrossesWhereTheDatabaseKeepsTenants tries what the service's own resources
// have none of: batches, links, lists inside of others, undeletion.
func TestNothingCrossesWhereTheDatabaseKeepsTenants(t *testing.T) {
	t.Parallel()
	for _, connections := range []int{4, 1} {
		t.Run(fmt.Sprint(connections, " connections"), func(t *testing.T) {
			t.Parallel()
			s := newWalled(t, connections)
			mine, theirs := s.fill(t, "ours"), s.fill(t, "theirs")
			before := s.rows(t)
			for i, a := range attempts {
				for _, header := range [][]string{nil, {"If-Match", `"1"`}, {"If-None-Match", "*"}} {
					if header != nil && !strings.HasPrefix(a.path, "/v1/crates/") {
						continue // it has no version
					}
					nothing := s.outcome(t, a.about(mine, absent(), i), header...)
					if got := s.outcome(t, a.about(mine, theirs, i), header...); got != nothing {
						t.Errorf("%s, %s:\nabout theirs: %s\nabout what doesn't exist: %s\nwant the same", a.name, header, got, nothing)
					}
				}
				if diff := cmp.Diff(before, s.rows(t)); diff != "" {
					t.Fatalf("%s: rows changed (-before +after):\n%s", a.name, diff)
				}
			}
			s.keys(t)
		})
	}
}

// keys has theirs do everything with their own rows, and ours repeat it with the same
// Idempotency-Key: it is another request, about what doesn't exist.
func (s *walled) keys(t *testing.T) {
	t.Helper()
	for i, a := range attempts {
		theirs, others := s.fill(t, "theirs"), s.fill(t, "theirs")
		request, key := a.about(theirs, others, 1000+i), fmt.Sprint("key-", i)
		first := s.want(t, a.own, request.method, request.path, request.body, "Tenant", "theirs", "Idempotency-Key", key)
		before := s.rows(t)
		nothing := s.outcome(t, a.about(absent(), absent(), 1000+i), "Idempotency-Key", key+"-of-nothing")
		if got := s.outcome(t, request, "Idempotency-Key", key); got != nothing {
			t.Errorf("%s with their key:\nabout theirs: %s\nabout what doesn't exist: %s\nwant the same", a.name, got, nothing)
		}
		if diff := cmp.Diff(before, s.rows(t)); diff != "" {
			t.Fatalf("%s with their key: rows changed (-before +after):\n%s", a.name, diff)
		}
		again := s.want(t, a.own, request.method, request.path, request.body, "Tenant", "theirs", "Idempotency-Key", key)
		if request.method != http.MethodGet && a.own < 300 && (again.text != first.text || again.header.Get(idempotency.ReplayedHeader) != "true") {
			t.Errorf("%s again = %s %v, want a replay of %s", a.name, again.text, again.header, first.text)
		}
	}
}

// TestWhatTenantsShare has two tenants give the same names, and choose the same id: ids are
// the one thing that is unique among all.
func TestWhatTenantsShare(t *testing.T) {
	t.Parallel()
	s := newWalled(t, 4)
	mine, theirs := s.fill(t, "ours"), s.fill(t, "theirs")
	for tenant, ids := range map[string]map[string]string{"ours": mine, "theirs": theirs} {
		in := []string{"Tenant", tenant}
		s.want(t, 201, "POST", "/v1/crates", `{"name":"common","shelf_id":"`+ids["shelf"]+`"}`, in...)
		s.want(t, 201, "POST", "/v1/shelves:batchCreate", `{"items":[{"name":"common"},{"name":"usual"}]}`, in...)
		s.want(t, 200, "POST", "/v1/shelves:batchUpdate", `{"items":[{"id":"`+ids["shelf"]+`","name":"ordinary"}]}`, in...)
		s.want(t, 200, "PATCH", "/v1/stickers/"+ids["sticker"], `{"name":"common"}`, in...)
		s.want(t, 409, "PATCH", "/v1/stickers/"+ids["spare"], `{"name":"common"}`, in...) // one's own has it
		s.want(t, 409, "POST", "/v1/shelves:batchCreate", `{"items":[{"name":"new"},{"name":"common"}]}`, in...)
	}
	before := s.rows(t)
	taken := s.want(t, 409, "PUT", "/v1/shelves/"+theirs["shelf"], `{"name":"mine"}`, "Tenant", "ours")
	if strings.Contains(taken.text, "ordinary") {
		t.Errorf("an id of theirs is answered %s, which has their name", taken.text)
	}
	for path, body := range map[string]string{"/v1/shelves": `{"id":%q,"name":"mine"}`, "/v1/shelves:batchCreate": `{"items":[{"name":"first"},{"id":%q,"name":"mine"}]}`} {
		s.want(t, 409, "POST", path, fmt.Sprintf(body, theirs["shelf"]), "Tenant", "ours")
	}
	if diff := cmp.Diff(before, s.rows(t)); diff != "" {
		t.Errorf("rows changed (-before +after):\n%s", diff)
	}
}

// TestEdgesKeepTheTenant links by Ent what is created and changed, in one statement for
// several, and tries to link another tenant's.
func TestEdgesKeepTheTenant(t *testing.T) {
	t.Parallel()
	s := newWalled(t, 4)
	mine, theirs := s.fill(t, "ours"), s.fill(t, "theirs")
	ids := func(from map[string]string, names ...string) (all []uuid.UUID) {
		for _, name := range names {
			all = append(all, uuid.MustParse(from[name]))
		}
		return all
	}
	work := func(f func(ctx context.Context, client *ent.Client) error) error {
		return tenancy.DB{DB: txn.New(s.pool, txn.Options{})}.RunIn(t.Context(), identity.TenantID("ours"), txn.ReadWrite, func(ctx context.Context) error {
			return f(ctx, ent.FromContext(ctx))
		})
	}
	shelf := ids(mine, "shelf")[0]
	err := work(func(ctx context.Context, client *ent.Client) error {
		crate, err := client.Crate.Create().SetName("created").SetShelfID(shelf).AddStickerIDs(ids(mine, "sticker", "spare")...).Save(ctx)
		if err != nil {
			return err
		}
		err = client.Sticker.Create().SetName("created").AddCrates(crate).AddCrateIDs(ids(mine, "crate", "bare")...).Exec(ctx)
		return errors.Join(err, client.Crate.Update().AddStickerIDs(ids(mine, "spare")...).Where(entcrate.IDIn(ids(mine, "crate", "bare")...)).Exec(ctx))
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := pgtest.Value[int](t, s.owner, `SELECT count(*) FROM stickings WHERE tenant_id = $1`, identity.TenantID("ours").String()); n != 8 {
		t.Errorf("stickings of ours = %d, want 8", n)
	}
	s.want(t, 204, "DELETE", "/v1/stickers/"+mine["spare"]+"/crates/"+mine["bare"], "", "Tenant", "ours")
	s.want(t, 404, "PUT", "/v1/crates/"+mine["bare"]+"/past-shelves/"+mine["empty"], "", "Tenant", "ours") // that takes a reason
	before := s.rows(t)
	for name, link := range map[string]func(ctx context.Context, client *ent.Client) error{
		"created": func(ctx context.Context, client *ent.Client) error {
			return client.Crate.Create().SetName("another").SetShelfID(shelf).AddStickerIDs(ids(theirs, "sticker")...).Exec(ctx)
		},
		"changed": func(ctx context.Context, client *ent.Client) error {
			return client.Crate.UpdateOneID(ids(mine, "bare")[0]).AddStickerIDs(ids(theirs, "sticker")...).Exec(ctx)
		},
		"on the other side": func(ctx context.Context, client *ent.Client) error {
			return client.Sticker.UpdateOneID(ids(mine, "spare")[0]).AddCrateIDs(ids(theirs, "crate")...).Exec(ctx)
		},
	} {
		if err := work(link); !ent.IsConstraintError(err) {
			t.Errorf("link to theirs, %s = %v, want a constraint error", name, err)
		}
	}
	if diff := cmp.Diff(before, s.rows(t)); diff != "" {
		t.Errorf("rows changed (-before +after):\n%s", diff)
	}
}
