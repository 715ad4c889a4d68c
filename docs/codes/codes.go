// Package codes has a page for each code of a migration review: what happens, an example,
// the safe form, and when to accept it.
package codes

import (
	"embed"
	"regexp"
	"strings"
)

//go:embed *.md
var pages embed.FS

// comment is a mark for the tests that keep a page's example.
var comment = regexp.MustCompile(`(?m)^<!-- .* -->\n`)

// Page returns the page about a code, as Markdown.
func Page(code string) (page string, found bool) {
	text, err := pages.ReadFile(strings.ToUpper(code) + ".md")
	return comment.ReplaceAllString(string(text), ""), err == nil
}
