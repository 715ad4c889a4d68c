// Package problem turns an error into a status and an RFC 9457 body, and is the only
// writer of error bodies. It knows the kinds of package fault, and not where errors
// come from: a [Writer] is given the function that classifies database errors. What it
// writes is safe to show; causes go to the log.
package problem

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"commitment/internal/fault"
)

// ContentType is the media type of a body.
const ContentType = "application/problem+json"

// Problem is the body of an error response, and an error itself, so that a handler can
// return the result of [Status]. Error, GetStatus and ContentType are the methods that
// huma expects of an error. It has no GetHeaders: huma.ErrorWithHeaders adds to what
// that returns, and a Problem may be shared. It is immutable once returned.
type Problem struct { //nolint:errname // RFC 9457's term
	// Type is "urn:problem-type:" and the error's code. It is stable for the life of
	// the API, because programs compare it.
	Type string `json:"type" format:"uri" example:"urn:problem-type:not-found" doc:"Identifies the kind of error to programs. It is stable, and the same for every occurrence."`
	// Title is a short summary for people.
	Title string `json:"title" example:"Not found" doc:"A short summary for people, the same for every occurrence."`
	// Status is the HTTP status of the response.
	Status int `json:"status" minimum:"400" maximum:"599" example:"404" doc:"The HTTP status of the response."`
	// Detail is a sentence about this occurrence.
	Detail string `json:"detail,omitempty" example:"there is no such product" doc:"What went wrong in this occurrence."`
	// Instance is a URI of this occurrence, for services that assign one.
	Instance string `json:"instance,omitempty" format:"uri-reference" doc:"A URI that identifies this occurrence."`
	// Errors are the invalid parts of the request. When there are very many, Detail
	// says how many.
	Errors []FieldError `json:"errors,omitempty" nullable:"false" doc:"The invalid parts of the request: all of them, or the first of very many."`
	// RequestID identifies the request in the log.
	RequestID string `json:"request_id,omitempty" doc:"The X-Request-Id of the response; it identifies the request in the service's log."`
	// TraceID identifies the request's trace.
	TraceID string `json:"trace_id,omitempty" doc:"Identifies the request's trace, and with it the work of other services; it is in the service's log, too."`
	// Header has additional fields of the response's header, such as WWW-Authenticate.
	Header http.Header `json:"-"`
}

// FieldError is an invalid part of the request. Either Pointer or Parameter is set.
type FieldError struct {
	// Pointer is a JSON pointer into the body, as a URI fragment (RFC 6901,
	// section 6).
	Pointer string `json:"pointer,omitempty" example:"#/amount" doc:"The invalid part of the body: a JSON pointer as a URI fragment."`
	// Parameter is the name of a path, query or header parameter.
	Parameter string `json:"parameter,omitempty" example:"limit" doc:"The invalid path, query or header parameter."`
	// Detail is a sentence that says what is wrong.
	Detail string `json:"detail" example:"must be positive" doc:"What is wrong with it."`
}

// Status returns the problem for an HTTP status, with a detail that is shown. The
// status is one of net/http's constants from 400 on; prefer the kinds of package fault,
// which say more than the statuses that they share.
func Status(status int, detail string) *Problem {
	for _, k := range kinds {
		if k.status == status {
			return newProblem(status, k.code, k.title, detail)
		}
	}
	code := strings.ToLower(strings.ReplaceAll(http.StatusText(status), " ", "-"))
	return newProblem(status, code, titleFromCode(code), detail)
}

// As returns the problem that err is or wraps, with the header that err adds to it.
func As(err error) (*Problem, bool) {
	p, ok := errors.AsType[*Problem](err)
	if !ok {
		return nil, false
	}
	own := *p
	own.addHeader(err)
	return &own, true
}

func newProblem(status int, code, title, detail string) *Problem {
	return &Problem{Type: typePrefix + code, Title: title, Status: status, Detail: detail}
}

// fromFault returns the problem for a classified error. Internal shows no detail.
// Internal and Unknown ignore the error's code, because clients must be able to
// recognize them.
func fromFault(f *fault.Error) *Problem {
	k := kindOf(f.Kind)
	if k == kinds[fault.Internal] {
		return newProblem(k.status, k.code, k.title, "the service failed; its log has the cause")
	}
	p := newProblem(k.status, k.code, k.title, f.Message)
	if f.Code != "" && f.Code != k.code && f.Kind != fault.Unknown {
		p.Type, p.Title = typePrefix+f.Code, titleFromCode(f.Code)
	}
	p.Errors = Fields(f)
	return p
}

// Fields returns the invalid parts of the request that f names.
func Fields(f *fault.Error) []FieldError {
	var errs []FieldError
	for _, field := range f.Fields {
		errs = append(errs, fieldError(field))
	}
	return errs
}

// fieldError distinguishes pointers from parameters: a pointer is empty, for the whole
// body, or begins with a slash.
func fieldError(f fault.Field) FieldError {
	if f.Pointer != "" && f.Pointer[0] != '/' {
		return FieldError{Parameter: f.Pointer, Detail: f.Message}
	}
	fragment := url.URL{Fragment: f.Pointer}
	return FieldError{Pointer: "#" + fragment.EscapedFragment(), Detail: f.Message}
}

// Code returns the last part of Type.
func (p *Problem) Code() string { return strings.TrimPrefix(p.Type, typePrefix) }

// Error returns the detail, or the title if there is none.
func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Detail
}

// GetStatus returns the HTTP status of the response.
func (p *Problem) GetStatus() int { return p.Status }

// ResponseHeader returns the header of the response, without Content-Type: the defaults
// of every error, overridden by Header. Only an error that changed nothing has a
// Retry-After.
func (p *Problem) ResponseHeader() http.Header {
	h := http.Header{}
	if p.Status >= http.StatusBadRequest {
		h.Set("Cache-Control", "no-store")
	}
	if p.unavailable() {
		h.Set("Retry-After", "1")
	}
	maps.Copy(h, p.Header)
	return h
}

// unavailable reports whether p says that the service can't do the work now, and has
// changed nothing.
func (p *Problem) unavailable() bool {
	return p.Status == http.StatusServiceUnavailable && p.Type != typePrefix+kindOf(fault.Unknown).code
}

// addHeader adds the header that err, or an error that it wraps, has from
// huma.ErrorWithHeaders or the like. The problem must not be shared.
func (p *Problem) addHeader(err error) {
	with, ok := errors.AsType[interface {
		error
		GetHeaders() http.Header
	}](err)
	if !ok {
		return
	}
	added := http.Header{}
	for _, name := range slices.Sorted(maps.Keys(with.GetHeaders())) {
		for _, value := range with.GetHeaders()[name] {
			added.Add(name, value) // a map literal may spell a name in two ways
		}
	}
	header := http.Header{}
	maps.Copy(header, p.Header)
	maps.Copy(header, added)
	p.Header = header
}

// ContentType returns the media type of the body, whatever was negotiated.
func (p *Problem) ContentType(string) string { return ContentType }
