package httpapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"commitment/ent/resource"
)

func TestOpenAccount(t *testing.T) {
	t.Parallel()
	s := newService(t)
	a := s.send(t, "POST", "/v1/accounts", `{"name":"cash","currency":"EUR"}`).want(t, http.StatusCreated)
	opened := decode[resource.Account](t, a)
	a.wantHeader(t, "Content-Type", "application/json")
	a.wantHeader(t, "Location", "/v1/accounts/"+opened.ID.String())
	a.wantHeader(t, "ETag", `"1"`)

	want := []string{"allow_negative", "balance", "created_at", "currency", "id", "name", "updated_at", "version"}
	members := slices.Sorted(maps.Keys(decode[map[string]json.RawMessage](t, a)))
	if diff := cmp.Diff(want, members); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	if opened.ID.Version() != 7 || opened.CreatedAt.Location() != time.UTC {
		t.Errorf("id = %v, created at %v, want a UUIDv7, UTC", opened.ID, opened.CreatedAt)
	}
	wantAccount := resource.Account{
		ID: opened.ID, Name: "cash", Currency: "EUR", Version: 1, CreatedAt: opened.CreatedAt, UpdatedAt: opened.UpdatedAt,
	}
	if diff := cmp.Diff(wantAccount, opened); diff != "" {
		t.Errorf("opened (-want +got):\n%s", diff)
	}

	read := s.send(t, "GET", a.header.Get("Location"), "").want(t, http.StatusOK)
	read.wantHeader(t, "ETag", `"1"`)
	if read.body != a.body {
		t.Errorf("read = %s, want %s", read.body, a.body)
	}
}

func TestOpenAccountTakesAnyName(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for _, name := range []string{strings.Repeat("é", 200), strings.Repeat("𝄞", 200), "a\tb \"c\" \\ /", "<&>", " ", "' OR 1=1 --"} {
		body, err := json.Marshal(map[string]any{"name": name, "currency": "EUR"})
		if err != nil {
			t.Fatal(err)
		}
		opened := decode[resource.Account](t, s.send(t, "POST", "/v1/accounts", string(body)).want(t, http.StatusCreated))
		if opened.Name != name {
			t.Errorf("name = %q, want %q", opened.Name, name)
		}
	}
}

func TestOpenAccountRefuses(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.open(t, "taken", "EUR", false)
	tests := []struct {
		name, body string
		status     int
		code       string
		blamed     []string
	}{
		{"everything that is missing", `{}`, 422, "invalid", []string{"#/name", "#/currency"}},
		{"everything that is wrong", `{"currency":"eur","allow_negative":"no","balance":5}`, 422, "invalid",
			[]string{"#/name", "#/currency", "#/allow_negative", "#/balance"}},
		{"an empty name", `{"name":"","currency":"EUR"}`, 422, "invalid", []string{"#/name"}},
		{"null for what has a default", `{"name":"x","currency":"EUR","allow_negative":null}`, 422, "invalid", []string{"#/allow_negative"}},
		{"wrong types", `{"name":5,"currency":["EUR"]}`, 422, "invalid", []string{"#/name", "#/currency"}},
		{"null for what is required", `{"name":null,"currency":"EUR"}`, 422, "invalid", []string{"#/name"}},
		{"a member in another case", `{"Name":"x","currency":"EUR"}`, 422, "invalid", []string{"#/name", "#/Name"}},
		{"a second member in another case", `{"name":"x","NAME":"taken","currency":"EUR"}`, 422, "invalid", []string{"#/NAME"}},
		{"a member that needs escapes", `{"name":"x","currency":"EUR","a/b~c d":1}`, 422, "invalid", []string{"#/a~1b~0c%20d"}},
		{"a currency that doesn't exist", `{"name":"x","currency":"QQQ"}`, 422, "invalid", []string{"#/currency"}},
		{"a name that is too long", `{"name":"` + strings.Repeat("é", 201) + `","currency":"EUR"}`, 422, "invalid", []string{"#/name"}},
		{"NUL in a name", `{"name":"a\u0000b","currency":"EUR"}`, 422, "invalid", []string{"#/name"}},
		{"text that isn't UTF-8", "{\"name\":\"a\xffb\",\"currency\":\"EUR\"}", 400, "malformed", []string{"#"}},
		{"a name that is taken", `{"name":"taken","currency":"USD"}`, 409, "name-taken", []string{"#/name"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.refused(t, tt.status, "POST", "/v1/accounts", tt.body).want(t, tt.code, tt.blamed...)
		})
	}
}

func TestReadAccount(t *testing.T) {
	t.Parallel()
	s := newService(t)
	path := "/v1/accounts/" + s.open(t, "cash", "EUR", false).ID.String()
	for _, tags := range []string{`"1"`, `W/"1"`, `*`, `"0", "1"`, `"0",W/"1"`} {
		a := s.send(t, "GET", path, "", "If-None-Match", tags)
		a.want(t, http.StatusNotModified).wantHeader(t, "ETag", `"1"`)
		if a.body != "" {
			t.Errorf("If-None-Match %s: body = %q, want none", tags, a.body)
		}
	}
	for _, tags := range []string{`"0"`, `"11"`, `W/"2", "3"`} {
		s.send(t, "GET", path, "", "If-None-Match", tags).want(t, http.StatusOK)
	}
	s.refused(t, http.StatusUnprocessableEntity, "GET", path, "", "If-None-Match", "1").want(t, "invalid", "If-None-Match")
	s.refused(t, http.StatusNotFound, "GET", "/v1/accounts/"+uuid.NewString(), "").want(t, "not-found")
	s.refused(t, http.StatusUnprocessableEntity, "GET", "/v1/accounts/1", "").want(t, "invalid", "id")
}

func TestRenameAccount(t *testing.T) {
	t.Parallel()
	s := newService(t)
	opened := s.open(t, "old", "EUR", false)
	path := "/v1/accounts/" + opened.ID.String()

	a := s.send(t, "PATCH", path, `{"name":"new"}`, "Content-Type", "application/merge-patch+json", "If-Match", `"1"`)
	a.want(t, http.StatusOK).wantHeader(t, "ETag", `"2"`)
	renamed := decode[resource.Account](t, a)
	want := opened
	want.Name, want.Version, want.UpdatedAt = "new", 2, renamed.UpdatedAt
	if diff := cmp.Diff(want, renamed); diff != "" || !renamed.UpdatedAt.After(opened.UpdatedAt) {
		t.Errorf("renamed at %v (-want +got):\n%s", renamed.UpdatedAt, diff)
	}
	if diff := cmp.Diff(renamed, s.account(t, opened.ID)); diff != "" {
		t.Errorf("account (-response +read):\n%s", diff)
	}
	for _, same := range []string{`{}`, `{"name":"new"}`} {
		s.send(t, "PATCH", path, same).want(t, http.StatusOK).wantHeader(t, "ETag", `"2"`)
	}
}

func TestRenameAccountRefuses(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.open(t, "taken", "EUR", false)
	path := "/v1/accounts/" + s.open(t, "cash", "EUR", false).ID.String()
	tests := []struct {
		name, body string
		status     int
		code       string
		blamed     []string
	}{
		{"removal of the name", `{"name":null}`, 422, "invalid", []string{"#/name"}},
		{"an empty name", `{"name":""}`, 422, "invalid", []string{"#/name"}},
		{"a name that is too long", `{"name":"` + strings.Repeat("é", 201) + `"}`, 422, "invalid", []string{"#/name"}},
		{"NUL in the name", `{"name":"\u0000"}`, 422, "invalid", []string{"#/name"}},
		{"a wrong type and an unknown member", `{"name":{},"balance":1}`, 422, "invalid", []string{"#/name", "#/balance"}},
		{"an unknown member", `{"currency":"USD"}`, 422, "invalid", []string{"#/currency"}},
		{"a member in another case", `{"name":"x","Name":"y"}`, 422, "invalid", []string{"#/Name"}},
		{"a list", `[]`, 422, "invalid", []string{"#"}},
		{"null", `null`, 422, "invalid", []string{"#"}},
		{"a name that is taken", `{"name":"taken"}`, 409, "name-taken", []string{"#/name"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.refused(t, tt.status, "PATCH", path, tt.body).want(t, tt.code, tt.blamed...)
		})
	}
	s.refused(t, http.StatusNotFound, "PATCH", "/v1/accounts/"+uuid.NewString(), `{"name":"x"}`).want(t, "not-found")
}

func TestIfMatch(t *testing.T) {
	t.Parallel()
	s := newService(t)
	path := "/v1/accounts/" + s.open(t, "a", "EUR", false).ID.String()
	s.send(t, "PATCH", path, `{"name":"b"}`).want(t, http.StatusOK)
	for _, tags := range []string{`"2"`, `*`, ` * `, `"1", "2"`, `"1","2","3"`} {
		s.send(t, "PATCH", path, `{}`, "If-Match", tags).want(t, http.StatusOK)
	}
	for _, tags := range []string{`"1"`, `W/"2"`, `"22"`, `"1", W/"2"`} {
		s.refused(t, http.StatusPreconditionFailed, "PATCH", path, `{"name":"c"}`, "If-Match", tags).want(t, "stale")
		s.refused(t, http.StatusPreconditionFailed, "DELETE", path, "", "If-Match", tags).want(t, "stale")
	}
	for _, tags := range []string{`2`, `"1", *`, `"2`} {
		s.refused(t, http.StatusUnprocessableEntity, "PATCH", path, `{"name":"c"}`, "If-Match", tags).want(t, "invalid", "If-Match")
		s.refused(t, http.StatusUnprocessableEntity, "DELETE", path, "", "If-Match", tags).want(t, "invalid", "If-Match")
	}
	for method, body := range map[string]string{"PATCH": `{"name":"c"}`, "DELETE": ""} {
		s.refused(t, http.StatusUnprocessableEntity, method, path, body, "If-Match", "").want(t, "invalid", "If-Match")
	}
	s.send(t, "DELETE", path, "", "If-Match", `"2"`).want(t, http.StatusNoContent)
}

func TestDeleteAccount(t *testing.T) {
	t.Parallel()
	s := newService(t)
	bank, cash, unused := s.open(t, "bank", "EUR", true), s.open(t, "cash", "EUR", false), s.open(t, "unused", "EUR", false)
	s.move(t, bank.ID, cash.ID, 5)

	s.refused(t, http.StatusConflict, "DELETE", "/v1/accounts/"+cash.ID.String(), "").want(t, "account-has-entries")
	path := "/v1/accounts/" + unused.ID.String()
	a := s.send(t, "DELETE", path, "").want(t, http.StatusNoContent)
	if a.body != "" {
		t.Errorf("body = %q, want none", a.body)
	}
	s.refused(t, http.StatusNotFound, "GET", path, "").want(t, "not-found")
	s.refused(t, http.StatusNotFound, "DELETE", path, "").want(t, "not-found")
}

func TestListAccounts(t *testing.T) {
	t.Parallel()
	s := newService(t)
	if a := s.send(t, "GET", "/v1/accounts", "").want(t, http.StatusOK); a.body != `{"items":[]}`+"\n" {
		t.Errorf("body = %s, want no items and no next", a.body)
	}
	var want []resource.Account
	for i := range 4 {
		want = append(want, s.open(t, fmt.Sprint(i), "EUR", false))
	}
	for limit, pages := range map[int]int{1: 4, 2: 2, 3: 2, 4: 1, 200: 1} {
		got, n := walk[resource.Account](t, s, "/v1/accounts?", limit)
		if diff := cmp.Diff(want, got); diff != "" || n != pages {
			t.Errorf("limit %d: %d pages, want %d (-want +got):\n%s", limit, n, pages, diff)
		}
	}
}
