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
	"commitment/internal/problem"
)

const (
	title       = "Commitment"
	version     = "1"
	description = "A double-entry ledger. A response is a commitment: 2xx is durable, 4xx and 5xx changed nothing. " +
		"Integers lie within ±(2^53 − 1), so that JavaScript reads them exactly."
)

// license is that of LICENSE.
var license = &huma.License{Name: "Apache-2.0", URL: "https://www.apache.org/licenses/LICENSE-2.0"}

// api registers typed handlers on a router and describes them in OpenAPI.
type api struct {
	huma        huma.API
	problems    *problem.Writer
	readTimeout time.Duration
	rateLimited bool
	routes      map[string]string // the ids of those that are registered
	resources   map[string]edged  // those that are mounted
	tags        []string          // of what is registered
}

func newAPI(r chi.Router, o Options, problems *problem.Writer) *api {
	config := huma.DefaultConfig(title, version)
	config.Info.Description, config.Info.License = description, license
	config.Servers = []*huma.Server{{URL: "/", Description: "The service that serves this document."}}
	config.Security = []map[string][]string{} // none
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.RejectUnknownQueryParameters = true
	config.CreateHooks = nil // no $schema in every body
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.Formats = formats
	a := &api{problems: problems, readTimeout: o.ReadTimeout, rateLimited: o.RateLimit > 0, routes: map[string]string{}, resources: map[string]edged{}}
	config.OnAddOperation = []huma.AddOpFunc{a.describe}
	a.huma = humachi.New(r, config)
	a.huma.UseMiddleware(a.checkRequest, streams)
	return a
}

// tag returns an api whose operations have a tag: the noun that they are about.
func (a *api) tag(name, description string) *api {
	document := a.huma.OpenAPI()
	document.Tags = append(document.Tags, &huma.Tag{Name: name, Description: description})
	tagged := *a
	tagged.tags = []string{name}
	return &tagged
}

// handle registers h for route, which is a method and a path as in "GET /v1/things".
// Clients are generated with a method of the name id. The first sentence of text is the
// operation's summary, the rest its description. An error of h becomes a problem; errs
// are those of its own, the ones that no other operation has. A body that doesn't fit I
// never gets to h. It panics when a part of I or O would silently be left out.
func handle[I, O any](a *api, route, id, text string, h func(context.Context, *I) (*O, error), errs ...*fault.Error) {
	_, path, _ := strings.Cut(route, " ")
	if found := append(lost(reflect.TypeFor[I](), path), lost(reflect.TypeFor[O](), path)...); len(found) > 0 {
		panic("httpapi: " + route + ": " + strings.Join(found, "; "))
	}
	huma.Register(a.huma, a.operation(route, id, text, errs...), reported(a, h))
}

// reported is h with its errors as problems.
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

// operation is what every operation begins as. Its arguments are those of handle. It
// panics when another has the route, and would silently be replaced.
func (a *api) operation(route, id, text string, errs ...*fault.Error) huma.Operation {
	if other, ok := a.routes[route]; ok {
		panic(fmt.Sprintf("httpapi: %s is registered by %s and by %s: one of them has to go, the operation of a resource by except", route, other, id))
	}
	a.routes[route] = id
	method, path, _ := strings.Cut(route, " ")
	summary, description, _ := strings.Cut(text, ". ")
	op := huma.Operation{
		Method:       method,
		Path:         path,
		OperationID:  id,
		Summary:      strings.TrimSuffix(summary, "."),
		Description:  description,
		Tags:         a.tags,
		MaxBodyBytes: -1, // a middleware bounds every body
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
