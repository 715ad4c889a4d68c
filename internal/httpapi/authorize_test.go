package httpapi_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"commitment/internal/httpapi"
	"commitment/internal/identity"
)

// served starts a service for which all requests come from one sender, or from nobody.
func served(t *testing.T, sender *identity.Principal) *service {
	t.Helper()
	return startService(t, func(o httpapi.Options) http.Handler {
		o.Authenticate = as(sender)
		return httpapi.New(o)
	}, 4, 5*time.Second)
}

var parameter = regexp.MustCompile(`\{[^}]*\}`)

// Every route refuses who doesn't meet its demand, before a transaction begins.
func TestRoutesRefuseOthers(t *testing.T) {
	t.Parallel()
	const id = "01a205f2-fac4-72e3-966d-2bc0dbaad08f"
	var all []string
	for _, demand := range httpapi.Demands() {
		all = append(all, demand.Scopes()...)
	}
	nobody, stranger, guest := served(t, nil), served(t, &identity.Principal{Subject: "eve"}), served(t, &identity.Principal{Subject: "bob", Scopes: all})
	member := served(t, &identity.Principal{Subject: "ann", Tenant: tenant, Scopes: all})
	for route, demand := range httpapi.Demands() {
		if demand.IsPublic() {
			continue
		}
		method, path, _ := strings.Cut(route, " ")
		path = parameter.ReplaceAllString(path, id)
		for _, key := range []string{"", "k"} {
			got := nobody.send(t, method, path, "", "Idempotency-Key", key)
			got.problem(t, http.StatusUnauthorized)
			got.wantHeader(t, "WWW-Authenticate", "Bearer")
			got = stranger.send(t, method, path, "", "Idempotency-Key", key)
			if scopes := demand.Scopes(); len(scopes) > 0 {
				got.problem(t, http.StatusForbidden)
				got.wantHeader(t, "WWW-Authenticate", `Bearer error="insufficient_scope", scope="`+scopes[0]+`"`)
			}
		}
		if demand.IsInTenant() {
			if got := guest.send(t, method, path, "").problem(t, http.StatusForbidden); got.Type != "urn:problem-type:no-tenant" {
				t.Errorf("%s without a tenant: type = %s, want no-tenant", route, got.Type)
			}
		}
		if got := member.send(t, method, path, ""); got.status == http.StatusUnauthorized || got.status == http.StatusForbidden {
			t.Errorf("%s with all scopes = %d: %s", route, got.status, got.body)
		}
	}
	if opened := nobody.pool.Stats().OpenConnections; opened != 0 {
		t.Errorf("connections opened for nobody = %d, want 0", opened)
	}
}

func TestTheAccessLogNamesTheSender(t *testing.T) {
	t.Parallel()
	s := newThings(t)
	s.send(t, "GET", "/v1/things", "").want(t, http.StatusOK)
	if !strings.Contains(s.log.String(), "subject=ann tenant="+tenant.String()) {
		t.Errorf("log = %s, want the sender in it", s.log)
	}
}
