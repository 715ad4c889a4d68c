package httpapi

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
	"github.com/go-chi/chi/v5"

	"commitment/internal/fault"
	"commitment/internal/middleware"
	"commitment/internal/problem"
)

// huma makes its own errors (for a body that can't be parsed, or isn't valid) through
// variables of its package; they can't be set for one API.
func init() {
	// A member in another case is unknown: encoding/json would accept it, in place of
	// the one that was validated.
	huma.ValidateStrictCasing = true
	huma.ErrorFormatter = formatMessage //nolint:reassign // as the comment above says
	huma.NewError = newError
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, details ...error) huma.StatusError {
		p := newProblem(status, message, details)
		p.RequestID = middleware.RequestIDFrom(ctx.Context())
		for name, values := range p.ResponseHeader() {
			ctx.SetHeader(name, values[0])
			for _, value := range values[1:] {
				ctx.AppendHeader(name, value)
			}
		}
		return p
	}
}

func newError(status int, message string, details ...error) huma.StatusError {
	return newProblem(status, message, details)
}

// formatMessage is fmt.Sprintf for huma's messages. Bounds that are whole numbers are
// written as such, not as 9.007199254740991e+15.
func formatMessage(format string, args ...any) string {
	for i, arg := range args {
		if n, ok := arg.(float64); ok && n == math.Trunc(n) && math.Abs(n) <= maxSafeInteger {
			args[i] = int64(n)
		}
	}
	return fmt.Sprintf(format, args...)
}

// maxErrors limits the errors that a response lists: a body can have very many.
const maxErrors = 20

// maxMessage limits the message of one error, in bytes.
const maxMessage = 300

// newProblem turns huma's error into a problem. It lists the parts of the request that
// huma or a resolver found invalid; a problem of a resolver replaces all of them. huma
// responds 500 only to a body that it can't read to the end, which is no failure of the
// service.
func newProblem(status int, message string, details []error) *problem.Problem {
	if status == http.StatusInternalServerError {
		return unreadable(errors.Join(details...))
	}
	if own, ok := problem.As(errors.Join(details...)); ok {
		return own
	}
	p := problem.Status(status, message)
	for i, detail := range details {
		if i == maxErrors {
			p.Detail = fmt.Sprintf("%s: the first %d of %d errors", message, maxErrors, len(details))
			break
		}
		p.Errors = append(p.Errors, fieldErrors(detail)...)
	}
	return p
}

func unreadable(err error) *problem.Problem {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return problem.Status(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", tooLarge.Limit))
	}
	return problem.Status(http.StatusBadRequest, "the body can't be read to its end")
}

func fieldErrors(err error) []problem.FieldError {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return problem.Fields(f)
	}
	detail, ok := errors.AsType[*huma.ErrorDetail](err)
	if !ok {
		return nil // of the reader or the parser: the message is enough
	}
	location, message := locate(detail)
	if len(message) > maxMessage { // it quotes the value
		message = strings.ToValidUTF8(message[:maxMessage], "") + "…"
	}
	return problem.Fields(&fault.Error{Fields: []fault.Field{{Pointer: pointer(location), Message: message}}})
}

// locate returns where something is invalid, and why. For a member that is missing, or out
// of its Go type's range, huma's location is that of the object, and its message has the
// member's name.
func locate(detail *huma.ErrorDetail) (location, message string) {
	if member, ok := memberOf(detail.Message, validation.MsgExpectedRequiredProperty); ok {
		return detail.Location + "." + member, "is required"
	}
	if member, ok := memberOf(detail.Message, msgUnfitMember); ok {
		return detail.Location + "." + member, "expected a number in range, in plain digits"
	}
	return detail.Location, detail.Message
}

// memberOf returns the name in a message of that format.
func memberOf(message, format string) (member string, ok bool) {
	before, after, _ := strings.Cut(format, "%s")
	if member, ok = strings.CutPrefix(message, before); ok {
		member, ok = strings.CutSuffix(member, after)
	}
	return member, ok
}

// pointer turns huma's location, such as "body.entries[0].amount" or "query.limit", into
// one of package fault. The value of a [Member] is at a member without a name:
// body.home..town is /home/town.
func pointer(location string) string {
	in, path, _ := strings.Cut(location, ".")
	if in != "body" {
		return path
	}
	if path == "" {
		return ""
	}
	return "/" + pointerSyntax.Replace(path)
}

var pointerSyntax = strings.NewReplacer("~", "~0", "/", "~1", "..", "/", ".[", "/", ".", "/", "[", "/", "]", "")

// pattern returns the route of a request that has been routed, such as "/v1/things/{id}",
// or "" if none matched.
func pattern(r *http.Request) string {
	return chi.RouteContext(r.Context()).RoutePattern()
}

func notFound(problems *problem.Writer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		problems.Write(w, r, problem.Status(http.StatusNotFound, "no such path"))
	}
}

func methodNotAllowed(problems *problem.Writer, routes chi.Routes) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		path := cmp.Or(r.URL.RawPath, r.URL.Path) // as chi has it
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			if routes.Match(chi.NewRouteContext(), method, path) {
				w.Header().Add("Allow", method)
			}
		}
		if slices.Contains(w.Header()["Allow"], http.MethodGet) {
			w.Header().Add("Allow", http.MethodHead)
		}
		problems.Write(w, r, problem.Status(http.StatusMethodNotAllowed, "method not allowed"))
	}
}
