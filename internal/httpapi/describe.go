package httpapi

import (
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"commitment/internal/idempotency"
	"commitment/internal/middleware"
	"commitment/internal/reqtx"
)

// The values in examples.
const (
	exampleID     = "01a205f2-fac4-72e3-966d-2bc0dbaad08f"
	exampleTime   = "2026-11-23T01:09:02.118204Z"
	exampleToken  = "00000080000000O1DUS00000000000001ER1B0F1T9EVTI6N09MBA80A3G"
	exampleCursor = "WyI4WXdSSm1CYU1EQkQiLCJDYXNoIl0"
)

// headers describe the headers that several operations respond with.
var headers = map[string]*huma.Header{
	"ETag": {
		Description: "The version of the resource, for If-Match and If-None-Match.",
		Required:    true, Schema: &huma.Schema{Type: huma.TypeString}, Example: `"1"`,
	},
	"Location": {
		Description: "The path of the new resource.",
		Required:    true, Schema: &huma.Schema{Type: huma.TypeString, Format: "uri-reference"}, Example: "/v1/things/" + exampleID,
	},
	middleware.RequestIDHeader: {
		Description: "Names the request in the service's log. A client can choose it by the same header of its request.",
		Required:    true, Schema: &huma.Schema{Type: huma.TypeString}, Example: exampleID,
	},
	idempotency.ReplayedHeader: {
		Description: "Present on a recorded response: the request had been done before, under the same Idempotency-Key.",
		Schema:      &huma.Schema{Type: huma.TypeString, Enum: []any{"true"}}, Example: "true",
	},
	reqtx.TokenHeader: {
		Description: "What the response has shown or written, for the same header of the next request. Present if replicas serve reads.",
		Schema:      &huma.Schema{Type: huma.TypeString}, Example: exampleToken,
	},
	"WWW-Authenticate": {
		Description: "What credentials the operation needs, and what is wrong with those that were sent (RFC 6750).",
		Required:    true, Schema: &huma.Schema{Type: huma.TypeString}, Example: "Bearer",
	},
	"Retry-After": {
		Description: "Seconds to wait before retrying.",
		Schema:      &huma.Schema{Type: huma.TypeInteger, Minimum: new(0.0)}, Example: 1,
	},
}

// optionalETag describes the ETag of responses that have none if edges are expanded.
var optionalETag = &huma.Header{
	Description: "The version of the resource, for If-Match and If-None-Match. Absent with `expand`.",
	Schema:      &huma.Schema{Type: huma.TypeString}, Example: `"1"`,
}

// idempotencyKey describes the parameter of operations that write.
var idempotencyKey = &huma.Param{
	Name: idempotency.Header, In: "header",
	Description: "Makes the request safe to retry. The same request with the same key is done once, and gets the recorded response.",
	Schema:      &huma.Schema{Type: huma.TypeString, MinLength: new(1), MaxLength: new(255), Pattern: "^[!-~]+$"},
	Example:     "4b1e9a52-3c0f-4f5c-9d5b-6f1c2f7d8e90",
}

// consistencyToken describes the parameter that all operations accept.
var consistencyToken = &huma.Param{
	Name: reqtx.TokenHeader, In: "header",
	Description: "The greatest Consistency-Token, as text, of the responses that the client has had: the response shows at least what they have shown and " +
		"written, whichever server reads it. Browsers send it as a cookie.",
	Schema: &huma.Schema{Type: huma.TypeString}, Example: exampleToken,
}

// preconditions describe the parameters of [Conditions].
var preconditions = map[string]string{
	"If-Match":      "The ETags of which the resource must have one; else the response is 412.",
	"If-None-Match": "The ETags of which the resource must have none; else the response is 304, and 412 to a request that writes.",
}

// describe adds to an operation what huma doesn't know: what the middlewares around its
// handler accept and send, and the errors that it can have. huma calls it for every
// operation that is registered.
func (a *api) describe(document *huma.OpenAPI, op *huma.Operation) {
	for _, p := range op.Parameters {
		if text := preconditions[p.Name]; p.In == "header" && text != "" {
			p.Description, p.Example = text, `"1"`
		}
	}
	op.Parameters = append(op.Parameters, parameterRef(document, consistencyToken))
	if acceptsKey(op) {
		op.Parameters = append(op.Parameters, parameterRef(document, idempotencyKey))
	}
	if op.Method == http.MethodGet && declares(op, "If-None-Match") {
		op.Responses["304"] = &huma.Response{
			Description: "Not modified: If-None-Match has the current ETag.",
			Headers:     map[string]*huma.Header{"ETag": {}},
		}
	}
	delete(op.Responses, "default") // huma's own
	for _, response := range op.Responses {
		describeHeaders(document, op, response)
	}
	a.describeErrors(document, op)
}

// acceptsKey reports whether op accepts an Idempotency-Key. Operations that write do,
// except streams, which can't be recorded.
func acceptsKey(op *huma.Operation) bool {
	success := op.Responses["200"]
	return !safe(op.Method) && (success == nil || success.Content["text/event-stream"] == nil)
}

// safe reports whether a method is safe (RFC 9110, section 9.2.1): it only reads.
func safe(method string) bool {
	return slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace}, method)
}

// describeHeaders describes the headers of a success.
func describeHeaders(document *huma.OpenAPI, op *huma.Operation, response *huma.Response) {
	if response.Headers == nil {
		response.Headers = map[string]*huma.Header{}
	}
	for name, header := range response.Headers {
		switch common := headers[name]; {
		case common != nil && (header == common || header.Description == ""):
			response.Headers[name] = headerRef(document, name)
		case header.Description == "":
			header.Description = header.Schema.Description
		}
	}
	response.Headers[middleware.RequestIDHeader] = headerRef(document, middleware.RequestIDHeader)
	response.Headers[reqtx.TokenHeader] = headerRef(document, reqtx.TokenHeader)
	if acceptsKey(op) {
		response.Headers[idempotency.ReplayedHeader] = headerRef(document, idempotency.ReplayedHeader)
	}
}

// parameterRef refers to a component. Like headerRef and responseRef it adds the
// component on first use, because validators reject unused ones.
func parameterRef(document *huma.OpenAPI, parameter *huma.Param) *huma.Param {
	addComponent(&document.Components.Parameters, parameter.Name, parameter)
	return &huma.Param{Ref: "#/components/parameters/" + parameter.Name}
}

func headerRef(document *huma.OpenAPI, name string) *huma.Header {
	addComponent(&document.Components.Headers, name, headers[name])
	return &huma.Header{Ref: "#/components/headers/" + name}
}

func responseRef(document *huma.OpenAPI, name string, response *huma.Response) *huma.Response {
	addComponent(&document.Components.Responses, name, response)
	return &huma.Response{Ref: "#/components/responses/" + name}
}

func addComponent[T any](components *map[string]*T, name string, component *T) {
	if *components == nil {
		*components = map[string]*T{}
	}
	if (*components)[name] == nil {
		(*components)[name] = component
	}
}
