package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/swaggest/swgui/v5emb"

	"commitment/internal/problem"
)

const (
	title   = "Commitment"
	version = "1"
)

// api registers typed handlers on a router and describes them in OpenAPI.
type api struct {
	huma        huma.API
	problems    *problem.Writer
	anyError    *huma.Response
	readTimeout time.Duration
	routes      map[string]bool // those that are registered
}

func newAPI(r chi.Router, o Options, problems *problem.Writer) *api {
	config := huma.DefaultConfig(title, version)
	config.Info.Description = "A double-entry ledger. An answer is a commitment: 2xx is durable, 4xx and 5xx changed nothing."
	config.RejectUnknownQueryParameters = true
	config.CreateHooks = nil // no $schema in every body
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.Formats = formats
	a := &api{
		huma:        humachi.New(r, config),
		problems:    problems,
		anyError:    anyError(config.Components.Schemas),
		readTimeout: o.ReadTimeout,
		routes:      map[string]bool{},
	}
	a.huma.UseMiddleware(a.checkRequest, streams)
	return a
}

// anyError describes the answers that an operation doesn't list.
func anyError(schemas huma.Registry) *huma.Response {
	schema := schemas.Schema(reflect.TypeFor[problem.Problem](), true, "")
	return &huma.Response{
		Description: "Any other error",
		Content:     map[string]*huma.MediaType{problem.ContentType: {Schema: schema}},
	}
}

// handle registers h for route, which is a method and a path as in "GET /v1/things".
// An error of h is answered as a problem; a body that doesn't fit I never gets to h.
// It panics when a part of I or O would silently be left out.
func handle[I, O any](a *api, route, summary string, h func(context.Context, *I) (*O, error)) {
	method, path, _ := strings.Cut(route, " ")
	if found := append(lost(reflect.TypeFor[I](), path), lost(reflect.TypeFor[O](), path)...); len(found) > 0 {
		panic("httpapi: " + route + ": " + strings.Join(found, "; "))
	}
	op := huma.Operation{
		Method:       method,
		Path:         path,
		Summary:      summary,
		OperationID:  operationID(summary),
		MaxBodyBytes: -1, // a middleware bounds every body
		// huma sets this as the connection's read deadline and leaves it there;
		// one that is shorter than the request ends the request's context.
		BodyReadTimeout: a.readTimeout,
		Errors:          []int{http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
		Responses:       map[string]*huma.Response{"default": a.anyError},
	}
	if method == http.MethodPost {
		op.DefaultStatus = http.StatusCreated
	}
	if strings.Contains(path, "{id}") {
		op.Errors = append(op.Errors, http.StatusNotFound)
	}
	a.claim(&op)
	huma.Register(a.huma, op, reported(a, h))
}

// claim panics when an operation's route is another's, which would silently be replaced.
func (a *api) claim(op *huma.Operation) {
	route := op.Method + " " + op.Path
	if a.routes[route] {
		panic("httpapi: " + route + " is registered twice")
	}
	a.routes[route] = true
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

func operationID(summary string) string {
	id := strings.ToLower(strings.ReplaceAll(summary, "'", ""))
	return strings.ReplaceAll(id, " ", "-")
}

// openAPI serves the description of what is registered by now.
func (a *api) openAPI() http.HandlerFunc {
	for _, schema := range a.huma.OpenAPI().Components.Schemas.Map() {
		listNull(schema)
	}
	body, err := json.Marshal(a.huma.OpenAPI())
	if err != nil {
		panic(fmt.Sprintf("httpapi: describe the API: %v", err)) // the routes are wrong, at start
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		_, _ = w.Write(body)
	}
}

// listNull adds null to the enums of what can be null: a JSON schema asks for both,
// and huma leaves it out.
func listNull(schema *huma.Schema) {
	if schema == nil {
		return
	}
	if schema.Nullable && len(schema.Enum) > 0 && !slices.Contains(schema.Enum, nil) {
		schema.Enum = append(schema.Enum, nil)
	}
	listNull(schema.Items)
	for _, property := range schema.Properties {
		listNull(property)
	}
}

// docs serves a browser for the description at spec, with nothing from elsewhere.
func docs(spec, base string) http.Handler {
	return v5emb.New(title, spec, base)
}
