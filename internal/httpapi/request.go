package httpapi

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
)

// checkRequest rejects what huma would silently ignore: a query that can't be parsed, a
// parameter that is empty or repeated, a body where none is expected or of another type,
// and a precondition that isn't evaluated.
func (a *api) checkRequest(ctx huma.Context, next func(huma.Context)) {
	r, _ := humachi.Unwrap(ctx)
	op := ctx.Operation()
	var query url.Values
	var err error
	if r.URL.RawQuery != "" {
		query, err = url.ParseQuery(r.URL.RawQuery)
	}
	if err != nil {
		a.refuse(ctx, http.StatusBadRequest, "the query can't be parsed")
		return
	}
	joinLines(r.Header, "Content-Type")
	if errs := checkParameters(op, query, r.Header); len(errs) > 0 {
		a.refuse(ctx, http.StatusUnprocessableEntity, "validation failed", errs...)
		return
	}
	if header := unsupported(op, r); header != "" {
		a.refuse(ctx, http.StatusPreconditionFailed, "this operation doesn't support "+header)
		return
	}
	if status, err := checkBody(op, r); err != nil {
		a.refuse(ctx, status, "the body isn't accepted", &huma.ErrorDetail{Location: "body", Message: err.Error()})
		return
	}
	next(ctx)
}

func (a *api) refuse(ctx huma.Context, status int, message string, errs ...error) {
	_ = huma.WriteErr(a.huma, ctx, status, message, errs...) // fails only if the client is gone
}

// joinLines joins the lines of a header field (RFC 9110, section 5.3), for code that reads
// only the first.
func joinLines(header http.Header, name string) {
	if lines := header.Values(name); len(lines) > 1 {
		header.Set(name, strings.Join(lines, ", "))
	}
}

// checkParameters finds parameters that are empty, which huma takes for absent, or
// repeated, of which it takes the first.
func checkParameters(op *huma.Operation, query url.Values, header http.Header) (errs []error) {
	for _, p := range op.Parameters {
		var values []string
		switch p.In {
		case "query":
			values = query[p.Name]
		case "header":
			joinLines(header, p.Name)
			values = header.Values(p.Name)
		}
		message := ""
		switch exploded := p.Explode != nil && *p.Explode; {
		case len(values) > 1 && !exploded:
			message = "must not be repeated"
		case len(values) == 1 && values[0] == "":
			message = "must not be empty"
		case len(values) == 1 && isPrecondition(p.Name) && !entityTags.MatchString(values[0]):
			message = `expected *, or ETags in quotes, such as "1"`
		}
		if message != "" {
			errs = append(errs, &huma.ErrorDetail{Location: p.In + "." + p.Name, Message: message})
		}
	}
	return errs
}

func isPrecondition(header string) bool { return header == "If-Match" || header == "If-None-Match" }

// entityTags is the syntax of a precondition (RFC 9110, section 13.1).
var entityTags = regexp.MustCompile(`^(\*|[ \t,]*(W/)?"[^"\x00-\x20\x7f]*"([ \t]*,[ \t]*((W/)?"[^"\x00-\x20\x7f]*")?)*)$`)

// unsupported is the precondition of a request that op doesn't evaluate, or "". A read
// without If-None-Match responds with the whole, which is right.
func unsupported(op *huma.Operation, r *http.Request) string {
	switch {
	case r.Header["If-Match"] != nil && !declares(op, "If-Match"):
		return "If-Match"
	case r.Header["If-None-Match"] != nil && !declares(op, "If-None-Match") && r.Method != http.MethodGet && r.Method != http.MethodHead:
		return "If-None-Match"
	}
	return ""
}

func declares(op *huma.Operation, header string) bool {
	return slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.In == "header" && p.Name == header })
}

// checkBody rejects a body that op doesn't accept. That includes one without a type: any
// page can make a browser send it, without a CORS preflight.
func checkBody(op *huma.Operation, r *http.Request) (status int, err error) {
	switch {
	case !hasBody(r):
		return 0, nil
	case op.RequestBody == nil:
		return http.StatusBadRequest, errors.New("must be empty")
	case slices.ContainsFunc(r.Header["Content-Encoding"], func(coding string) bool { return !strings.EqualFold(coding, "identity") }):
		return http.StatusUnsupportedMediaType, errors.New("expected no Content-Encoding")
	case !accepts(op.RequestBody.Content, r.Header.Get("Content-Type")):
		return http.StatusUnsupportedMediaType, errors.New("expected a Content-Type of " + types(op))
	}
	return 0, nil
}

func types(op *huma.Operation) string {
	var names []string
	for name := range op.RequestBody.Content {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, " or ")
}

// hasBody reports whether r has a body of at least one byte.
func hasBody(r *http.Request) bool {
	if r.ContentLength >= 0 {
		return r.ContentLength > 0
	}
	first := make([]byte, 1) // chunked, so only reading tells
	n, err := io.ReadFull(r.Body, first)
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(first[:n]), r.Body), r.Body}
	return !errors.Is(err, io.EOF)
}

// accepts reports whether a Content-Type is one of those declared. If one of them is JSON,
// any type of JSON in UTF-8 is accepted.
func accepts(declared map[string]*huma.MediaType, contentType string) bool {
	if declared[contentType] != nil { // as most are sent
		return true
	}
	mediaType, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	json := isJSON(mediaType)
	if charset, given := parameters["charset"]; json && given && !strings.EqualFold(charset, "utf-8") {
		return false
	}
	for name := range declared {
		if matches, _ := path.Match(name, mediaType); matches || json && isJSON(name) { // a name can be image/*
			return true
		}
	}
	return false
}

func isJSON(mediaType string) bool {
	return mediaType == "application/json" || strings.HasPrefix(mediaType, "application/") && strings.HasSuffix(mediaType, "+json")
}
