package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"

	"commitment/internal/fault"
	"commitment/internal/identity"
	"commitment/internal/problem"
)

const (
	title       = "Commitment"
	version     = "1"
	description = "A double-entry ledger. A response is a commitment: 2xx is durable, 4xx and 5xx changed nothing. " +
		"Integers lie within ±(2^53 − 1), so that JavaScript reads them exactly."
)

// license is the one in LICENSE.
var license = &huma.License{Name: "Apache-2.0", URL: "https://www.apache.org/licenses/LICENSE-2.0"}

// api registers typed handlers on a router and describes them in OpenAPI.
type api struct {
	huma        huma.API
	problems    *problem.Writer
	readTimeout time.Duration
	rateLimited bool
	routes      map[string]string // the ids of the registered ones
	resources   map[string]*mounted
	tags        []string        // of the operations registered by this api
	demand      identity.Demand // of the same
	demands     demands         // of all routes
}

func newAPI(r chi.Router, o Options, problems *problem.Writer, demands demands) *api {
	config := huma.DefaultConfig(title, version)
	config.Info.Description, config.Info.License = description, license
	config.Servers = []*huma.Server{{URL: "/", Description: "The service that serves this document."}}
	config.Components.SecuritySchemes = securitySchemes
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.RejectUnknownQueryParameters = true
	config.CreateHooks = nil // no $schema in every body
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.Formats = formats
	a := &api{problems: problems, readTimeout: o.ReadTimeout, rateLimited: o.RateLimit > 0, routes: map[string]string{}, resources: map[string]*mounted{}, demands: demands}
	config.OnAddOperation = []huma.AddOpFunc{a.describe}
	a.huma = humachi.New(r, config)
	a.huma.UseMiddleware(a.checkRequest, streams)
	return a
}

// tag returns an api that registers its operations under a tag: the noun that they are
// about, with a sentence on it.
func (a *api) tag(name, description string) *api {
	document := a.huma.OpenAPI()
	document.Tags = append(document.Tags, &huma.Tag{Name: name, Description: description})
	tagged := *a
	tagged.tags = []string{name}
	return &tagged
}

// allow returns an api whose operations are for whoever meets the demand.
func (a *api) allow(d identity.Demand) *api {
	allowing := *a
	allowing.demand = d
	return &allowing
}

// handle registers h for route, a method and a path such as "GET /v1/things". Generated
// clients name their method after id, so it never changes. The first sentence of text is
// the operation's summary, the rest its description. An error of h becomes a problem;
// errs are those that only operations like this one return, for the document. An invalid
// request never reaches h. handle panics if huma would ignore a part of I or O.
func handle[I, O any](a *api, route, id, text string, h func(context.Context, *I) (*O, error), errs ...*fault.Error) {
	_, path, _ := strings.Cut(route, " ")
	if found := append(lost(reflect.TypeFor[I](), path), lost(reflect.TypeFor[O](), path)...); len(found) > 0 {
		panic("httpapi: " + route + ": " + strings.Join(found, "; "))
	}
	huma.Register(a.huma, a.operation(route, id, text, errs...), reported(a, h))
}

// reported returns h with its errors logged, and turned into problems.
func reported[I, O any](a *api, h func(context.Context, *I) (*O, error)) func(context.Context, *I) (*O, error) {
	return func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		if err != nil {
			p := a.problems.Report(ctx, err)
			return nil, huma.ErrorWithHeaders(p, p.ResponseHeader())
		}
		return out, nil
	}
}

// operation returns what all operations have in common; the arguments are those of
// handle. It panics if the route doesn't say who may use it, or is registered already:
// huma would replace it.
func (a *api) operation(route, id, text string, errs ...*fault.Error) huma.Operation {
	if other, ok := a.routes[route]; ok {
		panic(fmt.Sprintf("httpapi: %s is registered by %s and by %s: one of them has to go, the operation of a resource by except", route, other, id))
	}
	if a.demand.IsZero() {
		panic(fmt.Sprintf("httpapi: %s (%s) doesn't say who may use it: register it with allow(identity.Authenticated) or another demand, a resource with rest.Clients in its schema", route, id))
	}
	a.routes[route], a.demands[route] = id, a.demand
	method, path, _ := strings.Cut(route, " ")
	summary, description, _ := strings.Cut(text, ". ")
	op := huma.Operation{
		Method:       method,
		Path:         path,
		OperationID:  id,
		Summary:      strings.TrimSuffix(summary, "."),
		Description:  strings.TrimSpace(description + " " + needs(a.demand)),
		Tags:         a.tags,
		Security:     security(a.demand),
		MaxBodyBytes: -1, // a middleware limits every body
		// huma sets this as the connection's read deadline and leaves it there;
		// one that is shorter than the request ends the request's context.
		BodyReadTimeout: a.readTimeout,
		Metadata:        map[string]any{ownErrors: errs},
	}
	if method == http.MethodPost {
		op.DefaultStatus = http.StatusCreated
	}
	return op
}
