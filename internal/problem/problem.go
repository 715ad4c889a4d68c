// Package problem turns an error into a status and an RFC 9457 body, and is the
// only writer of error bodies. It knows the kinds of package fault and nothing
// of where errors come from: a [Writer] is given the function that classifies those
// of the database. What it writes is safe to show; causes go to the log.
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

// Problem is the body of an error answer, and an error itself, so that a handler
// can return one made by [Status]. Its Error, GetStatus and ContentType methods are
// what huma asks of an error. It has no GetHeaders: huma.ErrorWithHeaders adds to
// what that returns, and a Problem may be shared. It is immutable once returned.
type Problem struct { //nolint:errname // RFC 9457's own word for it
	// Type is urn:problem-type: and the error's code. It is stable for as long
	// as the API lives: programs compare it.
	Type string `json:"type" format:"uri" example:"urn:problem-type:not-found" doc:"What went wrong, for programs: stable, and the same for every occurrence."`
	// Title says the same to people.
	Title string `json:"title" example:"Not found" doc:"What went wrong, for people: the same for every occurrence."`
	// Status is the answer's HTTP status.
	Status int `json:"status" example:"404" doc:"The HTTP status of the answer."`
	// Detail is a sentence about this occurrence.
	Detail string `json:"detail,omitempty" example:"there is no such account" doc:"A sentence about this occurrence."`
	// Instance is a URI of this occurrence, for services that keep one.
	Instance string `json:"instance,omitempty" format:"uri-reference" doc:"This occurrence."`
	// Errors are the parts of the request that are wrong. Of very many, Detail says
	// how many there are.
	Errors []FieldError `json:"errors,omitempty" doc:"The parts of the request that are wrong: all of them, or the first of very many."`
	// RequestID finds the request in the log.
	RequestID string `json:"request_id,omitempty" doc:"The X-Request-Id of the answer, by which the service's log knows the request."`
	// Header has fields of the answer's header, as WWW-Authenticate.
	Header http.Header `json:"-"`
}

// FieldError is one part of the request that is wrong. Either Pointer or
// Parameter says where.
type FieldError struct {
	// Pointer is a JSON pointer into the body, as a URI fragment (RFC 6901,
	// section 6).
	Pointer string `json:"pointer,omitempty" example:"#/amount" doc:"Where in the body: a JSON pointer as a URI fragment."`
	// Parameter is the name of a parameter in the path, the query or the header.
	Parameter string `json:"parameter,omitempty" example:"limit" doc:"Which parameter of the path, the query or the header."`
	// Detail is a sentence about what is wrong.
	Detail string `json:"detail" example:"must be positive" doc:"What is wrong with it."`
}

// Status returns the problem that an HTTP status stands for, with a sentence
// that is shown. Status is one of net/http's constants from 400 on; the kinds of
// package fault say more than the statuses that they share.
func Status(status int, detail string) *Problem {
	for _, k := range kinds {
		if k.status == status {
			return newProblem(status, k.code, k.title, detail)
		}
	}
	code := strings.ToLower(strings.ReplaceAll(http.StatusText(status), " ", "-"))
	return newProblem(status, code, spell(code), detail)
}

// Of returns the problem that err is or wraps, with the header that err brings along.
func Of(err error) (*Problem, bool) {
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

// fromFault is the problem of a classified error. Internal says nothing but that; it
// and Unknown ignore the error's code, for clients must recognize them.
func fromFault(f *fault.Error) *Problem {
	k := describe(f.Kind)
	if k == kinds[fault.Internal] {
		return newProblem(k.status, k.code, k.title, "the service failed; its log has the cause")
	}
	p := newProblem(k.status, k.code, k.title, f.Message)
	if f.Code != "" && f.Code != k.code && f.Kind != fault.Unknown {
		p.Type, p.Title = typePrefix+f.Code, spell(f.Code)
	}
	p.Errors = Fields(f)
	return p
}

// Fields are the parts of the request that f blames.
func Fields(f *fault.Error) []FieldError {
	var errs []FieldError
	for _, field := range f.Fields {
		errs = append(errs, fieldError(field))
	}
	return errs
}

// fieldError tells pointers from parameters: a pointer is empty, for the whole
// body, or begins with a slash.
func fieldError(f fault.Field) FieldError {
	if f.Pointer != "" && f.Pointer[0] != '/' {
		return FieldError{Parameter: f.Pointer, Detail: f.Message}
	}
	fragment := url.URL{Fragment: f.Pointer}
	return FieldError{Pointer: "#" + fragment.EscapedFragment(), Detail: f.Message}
}

// Error is the detail, or the title where there is none.
func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Detail
}

// GetStatus is the answer's HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ResponseHeader is the header of the answer, Content-Type apart: Header, and what
// every error says where that doesn't. Only what changed nothing is said to be worth
// a retry.
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

// unavailable reports whether p says that the service can't do it now, and has changed
// nothing.
func (p *Problem) unavailable() bool {
	return p.Status == http.StatusServiceUnavailable && p.Type != typePrefix+describe(fault.Unknown).code
}

// addHeader adds the header that err, or what it wraps, brings along: that of
// huma.ErrorWithHeaders, as a rule. The problem must be the caller's own.
func (p *Problem) addHeader(err error) {
	with, ok := errors.AsType[interface {
		error
		GetHeaders() http.Header
	}](err)
	if !ok {
		return
	}
	brought := http.Header{}
	for _, name := range slices.Sorted(maps.Keys(with.GetHeaders())) {
		for _, value := range with.GetHeaders()[name] {
			brought.Add(name, value) // a literal may have a name in two spellings
		}
	}
	header := http.Header{}
	maps.Copy(header, p.Header)
	maps.Copy(header, brought)
	p.Header = header
}

// ContentType is the media type of the body, whatever was negotiated.
func (p *Problem) ContentType(string) string { return ContentType }
