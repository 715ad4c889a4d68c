package httpapi

import (
	"context"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"commitment/internal/fault"
	"commitment/internal/idempotency"
	"commitment/internal/identity"
	"commitment/internal/middleware"
	"commitment/internal/problem"
	"commitment/internal/txn"
)

// ownErrors is the key of an operation's own errors in its metadata.
const ownErrors = "errors"

// statuses describe the errors of each status.
var statuses = map[int]string{
	http.StatusBadRequest:            "The request can't be read.",
	http.StatusUnauthorized:          "The request has no valid credentials.",
	http.StatusForbidden:             "This isn't allowed.",
	http.StatusNotFound:              "There is no such resource.",
	http.StatusConflict:              "The current state doesn't allow this.",
	http.StatusPreconditionFailed:    "If-Match or If-None-Match doesn't hold: the resource has changed.",
	http.StatusRequestEntityTooLarge: "The body is too large.",
	http.StatusUnsupportedMediaType:  "The media type of the body isn't accepted.",
	http.StatusUnprocessableEntity:   "The request is invalid. `errors` lists the invalid parts.",
	http.StatusTooManyRequests:       "This address has sent too many requests.",
	http.StatusInternalServerError:   "The service failed, and changed nothing.",
	http.StatusServiceUnavailable:    "The service can't do this now, and changed nothing; only after `outcome-unknown` nobody knows.",
}

// unavailable are reasons for a 503 that every operation has.
var unavailable = []error{
	txn.ErrPoolTimeout,
	fault.New(fault.Unavailable, "", "the database can't be reached now"),
	fault.New(fault.Unavailable, "timeout", "the request took too long"),
	fault.New(fault.Unavailable, "concurrent-update", "the request collided with another one"),
	fault.New(fault.Unavailable, "locked", "another request holds what this one needs"),
}

// describeErrors adds the responses of the errors that op can have, with an example of
// each error. A response that many operations share is a component.
func (a *api) describeErrors(document *huma.OpenAPI, op *huma.Operation) {
	byStatus := map[int]map[string]*huma.Example{}
	add := func(err error) (status int) {
		p := a.problems.From(context.Background(), err)
		p.RequestID = exampleID
		if byStatus[p.Status] == nil {
			byStatus[p.Status] = map[string]*huma.Example{}
		}
		byStatus[p.Status][p.Code()] = &huma.Example{Value: p}
		return p.Status
	}
	for _, err := range a.commonErrors(document, op) {
		add(err)
	}
	special := map[int]bool{http.StatusUnprocessableEntity: true}
	own, _ := op.Metadata[ownErrors].([]*fault.Error)
	for _, err := range own {
		special[add(err)] = true
	}
	if len(a.demands[op.Method+" "+op.Path].Scopes()) > 0 {
		special[http.StatusForbidden] = true
	}
	for status, examples := range byStatus {
		response := errorResponse(document, statuses[status], examples)
		if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable || examples[idempotency.ErrInFlight.Code] != nil {
			response.Headers["Retry-After"] = headerRef(document, "Retry-After")
		}
		if status == http.StatusUnauthorized || examples[identity.ScopeCode] != nil {
			response.Headers["WWW-Authenticate"] = headerRef(document, "WWW-Authenticate")
		}
		if !special[status] {
			response = responseRef(document, componentName(status, op), response)
		}
		op.Responses[strconv.Itoa(status)] = response
	}
	op.Responses["default"] = responseRef(document, "Error", errorResponse(document, "Any other error.", nil))
}

// commonErrors returns the errors that the middlewares, huma and the database have for an
// operation such as op.
func (a *api) commonErrors(document *huma.OpenAPI, op *huma.Operation) []error {
	errs := append([]error{
		problem.Status(http.StatusBadRequest, "the query can't be parsed"),
		invalidRequest(document, op),
		&fault.Error{Kind: fault.Internal},
	}, unavailable...)
	errs = append(errs, demandErrors(a.demands[op.Method+" "+op.Path])...)
	if a.rateLimited {
		errs = append(errs, problem.Status(http.StatusTooManyRequests, "too many requests from this address"))
	}
	if strings.Contains(op.Path, "{") {
		errs = append(errs, errNotFound)
	}
	if declares(op, "If-Match") || !safe(op.Method) && declares(op, "If-None-Match") {
		errs = append(errs, errStale)
	}
	if op.RequestBody != nil {
		errs = append(errs,
			problem.Status(http.StatusRequestEntityTooLarge, "the body is larger than 1048576 bytes"),
			problem.Status(http.StatusUnsupportedMediaType, "expected a Content-Type of application/json"))
	}
	switch {
	case acceptsKey(op):
		errs = append(errs, idempotency.ErrMalformed, idempotency.ErrReused, idempotency.ErrInFlight, txn.ErrOutcomeUnknown)
	case !safe(op.Method):
		errs = append(errs, idempotency.ErrMalformed, idempotency.ErrUnsupported, txn.ErrOutcomeUnknown)
	}
	return errs
}

// invalidRequest returns the error for an invalid body of op, or for an invalid query if op
// has no body.
func invalidRequest(document *huma.OpenAPI, op *huma.Operation) error {
	p := problem.Status(http.StatusUnprocessableEntity, "validation failed")
	part := problem.FieldError{Parameter: "page", Detail: "unknown query parameter"}
	if op.RequestBody != nil {
		part = problem.FieldError{Pointer: "#", Detail: "expected object"}
		for _, content := range op.RequestBody.Content {
			if required := resolve(document, content.Schema).Required; len(required) > 0 {
				part = problem.FieldError{Pointer: "#/" + required[0], Detail: "is required"}
			}
		}
	}
	p.Errors = []problem.FieldError{part}
	return p
}

// componentName returns the name of a shared response. Operations that write have more
// errors of some statuses than others, and so responses of their own.
func componentName(status int, op *huma.Operation) string {
	name := strings.ReplaceAll(http.StatusText(status), " ", "")
	if !safe(op.Method) && (status == http.StatusBadRequest || status == http.StatusServiceUnavailable) {
		return "Write" + name
	}
	return name
}

// errorResponse returns a response whose body is a problem.
func errorResponse(document *huma.OpenAPI, description string, examples map[string]*huma.Example) *huma.Response {
	return &huma.Response{
		Description: description,
		Headers:     map[string]*huma.Header{middleware.RequestIDHeader: headerRef(document, middleware.RequestIDHeader)},
		Content: map[string]*huma.MediaType{problem.ContentType: {
			Schema:   document.Components.Schemas.Schema(reflect.TypeFor[problem.Problem](), true, ""),
			Examples: examples,
		}},
	}
}
