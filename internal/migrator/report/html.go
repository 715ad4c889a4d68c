package report

import (
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"html/template"
	"io"
	"strings"

	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/hazard"
)

//go:embed page.tmpl
var pageTemplate string

//go:embed page.css
var pageStyle string

//go:embed page.js
var pageScript string

var pages = template.Must(template.New("page").Funcs(template.FuncMap{
	"join": joined,
	"list": list,
	"sign": sign,
	"tell": count,
}).Parse(pageTemplate))

// page is the data of the template. Style, script and drawing are our own, and not
// escaped.
type page struct {
	view
	Policy  string
	Style   template.CSS
	Script  template.JS
	Drawing template.HTML
}

// HTML writes the report as a self-contained page, without requests to a network. It
// can be read on a phone, printed, and opened from disk.
func HTML(w io.Writer, r review.Report) error {
	v := newView(r)
	var b strings.Builder
	err := pages.Execute(&b, page{
		view:    v,
		Policy:  policy(),
		Style:   template.CSS(pageStyle),
		Script:  template.JS(pageScript),
		Drawing: template.HTML(v.Diagram.svg()),
	})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// policy allows the page's own style and script, and no requests.
func policy() string {
	return "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'" +
		"; style-src " + digest(pageStyle) + "; script-src " + digest(pageScript)
}

// digest names a style or a script in a content security policy.
func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// sign stands before a severity, so that it isn't told by color alone.
func sign(s hazard.Severity) string {
	switch s {
	case hazard.Error:
		return "✕"
	case hazard.Warning:
		return "!"
	default:
		return "i"
	}
}
