package httpapi

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// owned are the rows of each tenant: a folder with two tasks and one that is deleted, a
// folder without, and two labels of which the tasks have the first.
var owned = []string{"folder", "spare", "task", "stray", "gone", "label", "other"}

// tenants is a service with the rows of two tenants, and with rows of the first that an
// interceptor hides.
type tenants struct {
	*service
	ids map[string]map[string]string // by whose they are: mine, foreign, hidden
}

func newTenants(t *testing.T) tenants {
	t.Helper()
	s := tenants{newService(t), map[string]map[string]string{}}
	for whose, tenant := range map[string]string{"mine": "a", "foreign": "b", "seen": "a"} {
		create := func(path, body string) string {
			return id(s.want(t, 201, "POST", path, body, "Tenant", tenant).header.Get("Location"))
		}
		ids := map[string]string{}
		for _, name := range []string{"folder", "spare"} {
			ids[name] = create("/v1/folders", fmt.Sprintf(`{"name":"%s %s"}`, whose, name))
		}
		for _, name := range []string{"task", "stray", "gone"} {
			ids[name] = create("/v1/tasks", fmt.Sprintf(`{"name":"%s %s","folder_id":%q}`, whose, name, ids["folder"]))
		}
		for _, name := range []string{"label", "other"} {
			ids[name] = create("/v1/labels", fmt.Sprintf(`{"name":"%s %s"}`, whose, name))
		}
		for _, name := range []string{"task", "stray"} {
			s.want(t, 204, "PUT", "/v1/tasks/"+ids[name]+"/labels/"+ids["label"], "", "Tenant", tenant)
		}
		s.want(t, 204, "DELETE", "/v1/tasks/"+ids["gone"], "", "Tenant", tenant)
		s.ids[whose] = ids
	}
	for _, table := range []string{"folders", "tasks", "labels"} {
		s.exec(t, "UPDATE "+table+" SET name = replace(name, 'seen', 'hidden')")
	}
	s.ids["hidden"] = s.ids["seen"]
	return s
}

// of fills in the ids, {task} and so on: whose they are is said, and {my task} is mine.
func (s tenants) of(whose, text string) string {
	var pairs []string
	for _, name := range owned {
		pairs = append(pairs, "{"+name+"}", s.ids[whose][name], "{my "+name+"}", s.ids["mine"][name])
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// rows are all rows of the tenants, as text.
func (s tenants) rows(t *testing.T) (text string) {
	t.Helper()
	const query = `SELECT concat_ws(E'\n', (SELECT jsonb_agg(r ORDER BY id) FROM folders r), (SELECT jsonb_agg(r ORDER BY id) FROM tasks r),
		(SELECT jsonb_agg(r ORDER BY id) FROM labels r), (SELECT jsonb_agg(r ORDER BY task_id, label_id) FROM task_labels r))`
	if err := s.pool.QueryRowContext(t.Context(), query).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}

// TestPoliciesHoldInEveryOperation sends every operation as somebody who may not do it, or
// about rows that the caller doesn't see. What is refused has changed nothing, and no
// response has something that the caller doesn't see.
func TestPoliciesHoldInEveryOperation(t *testing.T) {
	t.Parallel()
	s := newTenants(t)
	// A row of mine that refers to others' is a leak if it shows them.
	s.exec(t, `UPDATE tasks SET folder_id = $1 WHERE id = $2`, s.ids["foreign"]["folder"], s.ids["mine"]["stray"])
	s.exec(t, `INSERT INTO task_labels (task_id, label_id) VALUES ($1, $2), ($1, $3)`, s.ids["mine"]["stray"], s.ids["foreign"]["other"], s.ids["hidden"]["other"])

	mine := []string{"Tenant", "a"}
	scenarios := []struct {
		name, whose string
		header      []string
	}{
		{"another tenant's row", "foreign", mine},
		{"a row that an interceptor hides", "hidden", mine},
		{"a caller who is denied everything", "mine", nil},
		{"a caller who is denied to write", "mine", []string{"Tenant", "a", "Read-Only", "1"}},
		{"a hook that fails", "mine", []string{"Tenant", "a", "Refused", "1"}},
	}
	// The statuses in these scenarios. A list has no row that isn't seen; one is unknown
	// where it is referred to; and what is deleted is another's all the same.
	var (
		list  = []int{200, 200, 403, 200, 200}
		read  = []int{404, 404, 403, 200, 200}
		write = []int{404, 404, 403, 403, 422}
		refer = []int{422, 422, 403, 403, 422}
		anew  = []int{201, 201, 403, 403, 422}
	)
	operations := []struct {
		name, method, path, body string
		want                     []int
		total                    any
	}{
		{"list", "GET", "/v1/tasks", "", list, nil},
		{"count", "GET", "/v1/tasks?count=true&fields=id", "", list, 2.0},
		{"count exactly", "GET", "/v1/tasks?count=exact&fields=id", "", list, 2.0},
		{"page", "GET", "/v1/tasks?limit=1&sort=-name", "", list, nil},
		{"filter by name", "GET", "/v1/tasks?name.gte=f", "", list, nil},
		{"filter by id", "GET", "/v1/tasks?id.in={task},{gone}", "", list, nil},
		{"filter by reference", "GET", "/v1/tasks?folder_id={folder}", "", list, nil},
		{"show deleted", "GET", "/v1/tasks?show_deleted=true&count=true", "", list, 3.0},
		{"expand to one and to many", "GET", "/v1/tasks?expand=folder,labels", "", list, nil},
		{"expand two deep", "GET", "/v1/folders?expand=tasks.labels,tasks.folder", "", list, nil},
		{"read and expand", "GET", "/v1/tasks/{my stray}?expand=labels,folder.tasks", "", list, nil},
		{"nested list of mine", "GET", "/v1/tasks/{my stray}/labels?count=true", "", list, 1.0},
		{"nested list", "GET", "/v1/folders/{folder}/tasks", "", read, nil},
		{"nested list of many to many", "GET", "/v1/labels/{label}/tasks", "", read, nil},
		{"read", "GET", "/v1/tasks/{task}", "", read, nil},
		{"read and expand it", "GET", "/v1/tasks/{task}?expand=folder", "", read, nil},
		{"create", "POST", "/v1/folders", `{"name":"new"}`, anew, nil},
		{"create with a reference", "POST", "/v1/tasks", `{"name":"new","folder_id":"{folder}"}`, refer, nil},
		{"put", "PUT", "/v1/tasks/{task}", `{"name":"new","folder_id":"{my folder}"}`, write, nil},
		{"put a reference", "PUT", "/v1/tasks/{my task}", `{"name":"new","folder_id":"{spare}"}`, refer, nil},
		{"patch", "PATCH", "/v1/tasks/{task}", `{"name":"new"}`, write, nil},
		{"patch a reference", "PATCH", "/v1/tasks/{my task}", `{"folder_id":"{spare}"}`, refer, nil},
		{"delete", "DELETE", "/v1/tasks/{task}", "", write, nil},
		{"delete for ever", "DELETE", "/v1/labels/{label}", "", write, nil},
		{"undelete", "POST", "/v1/tasks/{gone}:undelete", "", write, nil},
		{"link from", "PUT", "/v1/tasks/{task}/labels/{my other}", "", write, nil},
		{"link to", "PUT", "/v1/tasks/{my task}/labels/{other}", "", write, nil},
		{"unlink from", "DELETE", "/v1/tasks/{task}/labels/{my label}", "", write, nil},
		{"unlink", "DELETE", "/v1/tasks/{my task}/labels/{label}", "", write, nil},
		{"batch create", "POST", "/v1/tasks:batchCreate", `{"items":[{"name":"n1","folder_id":"{my folder}"},{"name":"n2","folder_id":"{folder}"}]}`, refer, nil},
		{"batch update", "POST", "/v1/tasks:batchUpdate", `{"items":[{"id":"{task}","name":"new"}]}`, write, nil},
		{"batch update with references", "POST", "/v1/tasks:batchUpdate", `{"items":[{"id":"{my task}","folder_id":"{spare}"}]}`, refer, nil},
		{"batch delete", "POST", "/v1/tasks:batchDelete", `{"items":[{"id":"{task}"}]}`, write, nil},
	}
	for i, scenario := range scenarios {
		for _, op := range operations {
			before := s.rows(t)
			path, body := s.of(scenario.whose, op.path), s.of(scenario.whose, op.body)
			r := s.send(t, op.method, path, body, scenario.header...)
			at := fmt.Sprintf("%s, %s: %s %s", op.name, scenario.name, op.method, path)
			if r.status != op.want[i] {
				t.Errorf("%s = %d %s, want %d", at, r.status, r.text, op.want[i])
			}
			if strings.Contains(r.text, "foreign") || strings.Contains(r.text, "hidden") {
				t.Errorf("%s shows what isn't seen: %s", at, r.text)
			}
			if total, ok := r.body["total"]; ok && total != op.total {
				t.Errorf("%s: total = %v, want %v", at, total, op.total)
			}
			if diff := cmp.Diff(before, s.rows(t)); r.status >= 400 && diff != "" {
				t.Errorf("%s was refused and changed something (-before +after):\n%s", at, diff)
			}
			if r.status == 201 {
				s.want(t, 204, "DELETE", r.header.Get("Location"), "", mine...)
			}
		}
	}
}

// TestACursorIsNoKey takes a cursor of another tenant's list: it leads through one's own.
func TestACursorIsNoKey(t *testing.T) {
	t.Parallel()
	s := newTenants(t)
	next := fmt.Sprint(s.want(t, 200, "GET", "/v1/labels?limit=1&sort=-name", "", "Tenant", "b").body["next"])
	r := s.want(t, 200, "GET", "/v1/labels?limit=5&sort=-name&before="+next, "", "Tenant", "a")
	if got := strings.Join(r.names(), ","); got != "mine other,mine label" {
		t.Errorf("before the other tenant's cursor come %q", got)
	}
	nested := fmt.Sprint(s.want(t, 200, "GET", "/v1/folders/"+s.ids["foreign"]["folder"]+"/tasks?limit=1&show_deleted=true", "", "Tenant", "b").body["next"])
	s.want(t, 404, "GET", "/v1/folders/"+s.ids["foreign"]["folder"]+"/tasks?limit=1&show_deleted=true&after="+nested, "", "Tenant", "a")
}

// TestAReferenceThatStaysIsNotLookedUp changes what refers to something that was hidden since.
func TestAReferenceThatStaysIsNotLookedUp(t *testing.T) {
	t.Parallel()
	s := newTenants(t)
	task, folder := s.ids["mine"]["task"], s.ids["mine"]["folder"]
	s.exec(t, `UPDATE folders SET name = 'hidden since' WHERE id = $1`, folder)
	s.want(t, 200, "PATCH", "/v1/tasks/"+task, `{"name":"new","folder_id":"`+folder+`"}`, "Tenant", "a")
	s.want(t, 200, "PUT", "/v1/tasks/"+task, `{"name":"newer","folder_id":"`+folder+`"}`, "Tenant", "a")
	s.want(t, 200, "POST", "/v1/tasks:batchUpdate", `{"items":[{"id":"`+task+`","name":"newest","folder_id":"`+folder+`"}]}`, "Tenant", "a")
	for path, body := range map[string]string{"/v1/tasks": `{"name":"n","folder_id":"` + folder + `"}`, "/v1/tasks:batchCreate": `{"items":[{"name":"n","folder_id":"` + folder + `"}]}`} {
		r := s.want(t, 422, "POST", path, body, "Tenant", "a")
		if got := strings.Join(r.wrong(), ","); !strings.HasSuffix(got, "/folder_id") || !strings.Contains(r.text, "unknown-reference") {
			t.Errorf("%s is answered %s", path, r.text)
		}
	}
}
