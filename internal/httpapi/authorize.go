package httpapi

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"

	"commitment/internal/identity"
	"commitment/internal/middleware"
	"commitment/internal/problem"
)

// demands are what the routes ask of the senders of requests, by method and pattern.
type demands map[string]identity.Demand

// authorize refuses a request whose sender doesn't meet the demand of its route, before a
// transaction begins. What isn't registered is refused.
func (d demands) authorize(problems *problem.Writer) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, route := r.Context(), chi.RouteContext(r.Context())
			if p := identity.From(ctx); p != nil {
				middleware.AddToAccessLog(ctx, slog.String("subject", p.Subject), slog.String("tenant", p.Tenant.String()))
			}
			if err := d[route.RouteMethod+" "+route.RoutePattern()].Check(ctx); err != nil {
				problems.Write(w, r, challenged{err})
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// subject identifies the sender of a request to package idempotency.
func subject(r *http.Request) string {
	if p := identity.From(r.Context()); p != nil {
		return p.Subject
	}
	return ""
}

// challenged is an error of a demand, with the challenge that its response has (RFC 6750,
// section 3).
type challenged struct{ error }

func (e challenged) Unwrap() error { return e.error }

// GetHeaders returns the challenge.
func (e challenged) GetHeaders() http.Header {
	challenge := "Bearer"
	if missing, ok := errors.AsType[*identity.ScopeError](e.error); ok {
		challenge = fmt.Sprintf(`Bearer error="insufficient_scope", scope=%q`, missing.Scope)
	}
	return http.Header{"Www-Authenticate": {challenge}}
}

const bearer = "bearer"

// securitySchemes describe the credentials.
var securitySchemes = map[string]*huma.SecurityScheme{
	bearer: {Type: "http", Scheme: bearer, Description: "A token of the issuer (a JWT), or an API key."},
}

// security says which credentials a demand takes. Scopes aren't listed there: OpenAPI knows
// them for OAuth 2 and OpenID Connect alone.
func security(d identity.Demand) []map[string][]string {
	if d.IsPublic() {
		return []map[string][]string{}
	}
	return []map[string][]string{{bearer: {}}}
}

// needs says in a sentence which scopes a demand takes, or "" for none.
func needs(d identity.Demand) string {
	scopes := d.Scopes()
	if len(scopes) == 0 {
		return ""
	}
	noun := "scope"
	if len(scopes) > 1 {
		noun = "scopes"
	}
	return "Needs the " + noun + " `" + strings.Join(scopes, "` and `") + "`."
}

// demandErrors are the errors of senders that don't meet a demand.
func demandErrors(d identity.Demand) (errs []error) {
	if d.IsPublic() {
		return nil
	}
	errs = append(errs, challenged{identity.ErrUnauthenticated})
	for _, scope := range d.Scopes() {
		errs = append(errs, challenged{&identity.ScopeError{Scope: scope}})
	}
	if d.IsInTenant() {
		errs = append(errs, challenged{identity.ErrNoTenant})
	}
	return errs
}
