package httpapi

import (
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"

	"commitment/ent"
	"commitment/internal/fault"
	"commitment/internal/middleware"
	"commitment/internal/problem"
)

// huma makes its own errors (a body that doesn't parse, or doesn't fit) through
// these variables of its package; there is no setting for one API.
func init() {
	huma.NewError = newError
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, details ...error) huma.StatusError {
		p := newProblem(status, message, details)
		p.RequestID = middleware.RequestIDFrom(ctx.Context())
		for name, values := range p.GetHeaders() {
			ctx.SetHeader(name, values[0])
		}
		return p
	}
}

func newError(status int, message string, details ...error) huma.StatusError {
	return newProblem(status, message, details)
}

// newProblem is huma's error as a problem. Only the parts that huma or a resolver
// found wrong are taken from details.
func newProblem(status int, message string, details []error) *problem.Problem {
	p := problem.Status(status, message)
	for _, detail := range details {
		p.Errors = append(p.Errors, fieldErrors(detail)...)
	}
	return p
}

func fieldErrors(err error) []problem.FieldError {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return problem.Fields(f)
	}
	detail, ok := errors.AsType[*huma.ErrorDetail](err)
	if !ok {
		return nil // of the reader or the parser: the message says enough
	}
	return problem.Fields(&fault.Error{Fields: []fault.Field{{Pointer: pointer(detail.Location), Message: detail.Message}}})
}

// pointer is where huma found something wrong, as "body.entries[0].amount" or
// "query.limit", in the terms of package fault.
func pointer(location string) string {
	in, path, _ := strings.Cut(location, ".")
	if in != "body" {
		return path
	}
	if path == "" {
		return ""
	}
	return "/" + strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(path)
}

// sortWith sorts what Ent found wrong before it asked the database, and leaves
// the rest to the database's own sorting.
func sortWith(database func(error) error) func(error) error {
	return func(err error) error {
		if invalid, ok := errors.AsType[*ent.ValidationError](err); ok {
			return fault.New(fault.Invalid, "", "a value breaks a rule of the data").At("/" + invalid.Name).With(err)
		}
		if ent.IsNotFound(err) {
			return fault.New(fault.NotFound, "", "there is no such thing").With(err)
		}
		return database(err)
	}
}

// pattern is the route that a request took, as "/v1/accounts/{id}"; empty when
// it took none. It is known once the request was routed.
func pattern(r *http.Request) string {
	return chi.RouteContext(r.Context()).RoutePattern()
}

func notFound(problems *problem.Writer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		problems.Write(w, r, problem.Status(http.StatusNotFound, "there is nothing at this path"))
	}
}

func methodNotAllowed(problems *problem.Writer, routes chi.Routes) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			if routes.Match(chi.NewRouteContext(), method, r.URL.Path) {
				w.Header().Add("Allow", method)
			}
		}
		problems.Write(w, r, problem.Status(http.StatusMethodNotAllowed, "this path has other methods"))
	}
}
