package httpapi

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
)

// checkRequest refuses what huma would silently ignore of a request: a query that
// can't be read, a parameter that is empty or given twice, a body where none is
// taken, one of another type or of none, and an If-Match that isn't evaluated.
func (a *api) checkRequest(ctx huma.Context, next func(huma.Context)) {
	r, _ := humachi.Unwrap(ctx)
	op := ctx.Operation()
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		a.refuse(ctx, http.StatusBadRequest, "the query can't be read")
		return
	}
	joinLines(r.Header, "Content-Type")
	if errs := checkParameters(op, query, r.Header); len(errs) > 0 {
		a.refuse(ctx, http.StatusUnprocessableEntity, "validation failed", errs...)
		return
	}
	if r.Header["If-Match"] != nil && !declares(op, "If-Match") {
		a.refuse(ctx, http.StatusPreconditionFailed, "nothing here has an ETag that If-Match could name")
		return
	}
	if status, err := checkBody(op, r); err != nil {
		a.refuse(ctx, status, "the body can't be taken", &huma.ErrorDetail{Location: "body", Message: err.Error()})
		return
	}
	next(ctx)
}

func (a *api) refuse(ctx huma.Context, status int, message string, errs ...error) {
	_ = huma.WriteErr(a.huma, ctx, status, message, errs...) // fails only when there is nobody to tell
}

// joinLines makes one line of a header field that has several (RFC 9110, 5.3), for
// readers of the first one alone.
func joinLines(header http.Header, name string) {
	if lines := header.Values(name); len(lines) > 1 {
		header.Set(name, strings.Join(lines, ", "))
	}
}

// checkParameters finds parameters that are given and empty, which huma takes for
// absent, and those given more than once, of which it takes the first.
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
		at := p.In + "." + p.Name
		switch exploded := p.Explode != nil && *p.Explode; {
		case len(values) > 1 && !exploded:
			errs = append(errs, &huma.ErrorDetail{Location: at, Message: "is given more than once"})
		case len(values) == 1 && values[0] == "":
			errs = append(errs, &huma.ErrorDetail{Location: at, Message: "is empty"})
		}
	}
	return errs
}

func declares(op *huma.Operation, header string) bool {
	return slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.In == "header" && p.Name == header })
}

// checkBody finds a body that op can't take. One without a type is refused, too: a
// browser sends that for any page, without asking the service first.
func checkBody(op *huma.Operation, r *http.Request) (status int, err error) {
	switch {
	case !hasBody(r):
		return 0, nil
	case op.RequestBody == nil:
		return http.StatusBadRequest, errors.New("expected none")
	case slices.ContainsFunc(r.Header["Content-Encoding"], func(coding string) bool { return !strings.EqualFold(coding, "identity") }):
		return http.StatusUnsupportedMediaType, errors.New("expected no Content-Encoding")
	case !takes(op.RequestBody.Content, r.Header.Get("Content-Type")):
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
	first := make([]byte, 1) // chunked: only reading tells
	n, err := io.ReadFull(r.Body, first)
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(first[:n]), r.Body), r.Body}
	return !errors.Is(err, io.EOF)
}

// takes reports whether a body of that Content-Type is one of those declared. Where
// one of them is JSON, each type of JSON in UTF-8 is.
func takes(declared map[string]*huma.MediaType, contentType string) bool {
	mediaType, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	json := isJSON(mediaType)
	if charset, given := parameters["charset"]; json && given && !strings.EqualFold(charset, "utf-8") {
		return false
	}
	for name := range declared {
		if matches, _ := path.Match(name, mediaType); matches || json && isJSON(name) { // a name may be image/*
			return true
		}
	}
	return false
}

func isJSON(mediaType string) bool {
	return mediaType == "application/json" || strings.HasPrefix(mediaType, "application/") && strings.HasSuffix(mediaType, "+json")
}
