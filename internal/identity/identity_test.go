package identity_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"commitment/internal/fault"
	"commitment/internal/identity"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	reader := &identity.Principal{Subject: "ann", Scopes: []string{"books:read"}}
	writer := &identity.Principal{Subject: "bob", Scopes: []string{"books:read", "books:write"}}
	both := identity.Scopes("books:read").And(identity.Scopes("books:write"))
	for name, tt := range map[string]struct {
		demand identity.Demand
		sender *identity.Principal
		kind   fault.Kind // of the error, or Internal for none
		scope  string     // that is missing
	}{
		"public, nobody":           {identity.Public, nil, fault.Internal, ""},
		"public, somebody":         {identity.Public, reader, fault.Internal, ""},
		"authenticated, nobody":    {identity.Authenticated, nil, fault.Unauthenticated, ""},
		"authenticated, somebody":  {identity.Authenticated, reader, fault.Internal, ""},
		"scopes, nobody":           {both, nil, fault.Unauthenticated, ""},
		"scopes, one of them":      {both, reader, fault.Forbidden, "books:write"},
		"scopes, all of them":      {both, writer, fault.Internal, ""},
		"public and authenticated": {identity.Public.And(identity.Authenticated), nil, fault.Unauthenticated, ""},
		"nothing said":             {identity.Demand{}, writer, fault.Unauthenticated, ""},
		"public and nothing said":  {identity.Public.And(identity.Demand{}), writer, fault.Unauthenticated, ""},
	} {
		ctx := t.Context()
		if tt.sender != nil {
			ctx = identity.With(ctx, tt.sender)
		}
		err := tt.demand.Check(ctx)
		var kind fault.Kind
		if f, ok := errors.AsType[*fault.Error](err); ok {
			kind = f.Kind
		}
		if kind != tt.kind || (err == nil) != (tt.kind == fault.Internal) {
			t.Errorf("%s: error = %v, want one of kind %v", name, err, tt.kind)
		}
		if missing, ok := errors.AsType[*identity.ScopeError](err); ok != (tt.scope != "") || ok && missing.Scope != tt.scope {
			t.Errorf("%s: error = %v, want the scope %q in it", name, err, tt.scope)
		}
	}
}

func TestTenantID(t *testing.T) {
	t.Parallel()
	const id = "01a205f2-fac4-72e3-966d-2bc0dbaad08f"
	if got := identity.TenantID(id); got != uuid.MustParse(id) {
		t.Errorf("TenantID of a UUID = %v, want itself", got)
	}
	if got := identity.TenantID(""); got != uuid.Nil {
		t.Errorf("TenantID of nothing = %v, want none", got)
	}
	seen := map[uuid.UUID]string{}
	for _, name := range []string{"acme", "Acme", "acme ", id + " ", "{" + id + "}", "urn:uuid:" + id, "01a205f2fac472e3966d2bc0dbaad08f"} {
		got := identity.TenantID(name)
		if other, twice := seen[got]; twice || got == uuid.Nil || got == uuid.MustParse(id) || got != identity.TenantID(name) {
			t.Errorf("TenantID(%q) = %v, want one of its own (another one's: %q)", name, got, other)
		}
		seen[got] = name
	}
}
