package arch

import (
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	inlineLink    = regexp.MustCompile(`\]\(<?([^)\s>]+)`)
	referenceLink = regexp.MustCompile(`(?m)^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)`)
	codeBlock     = regexp.MustCompile("(?ms)^ *```.*?\n *```")
	codeSpan      = regexp.MustCompile("`[^`\n]*`")
	heading       = regexp.MustCompile(`(?m)^#{1,6} +(.*)$`)
	linkText      = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	notInSlug     = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// links finds links in Markdown files that don't resolve in the repository. External
// links aren't checked.
func links(t *tree) []string {
	var found []string
	for _, p := range t.paths() {
		if path.Ext(p) != ".md" || inTestdata(p) {
			continue
		}
		text := codeSpan.ReplaceAllString(codeBlock.ReplaceAllString(string(t.files[p]), ""), "")
		for _, match := range slices.Concat(inlineLink.FindAllStringSubmatch(text, -1), referenceLink.FindAllStringSubmatch(text, -1)) {
			if why := broken(t, p, match[1]); why != "" {
				found = append(found, fmt.Sprintf("%s links to %s: %s", p, match[1], why))
			}
		}
	}
	return found
}

// broken returns why a link in the file at p doesn't resolve, or "".
func broken(t *tree, p, link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return err.Error()
	}
	if u.IsAbs() || u.Host != "" {
		return ""
	}
	target := p
	if u.Path != "" {
		target = path.Join(path.Dir(p), u.Path)
	}
	switch {
	case !fs.ValidPath(target):
		return "it leaves the repository"
	case !t.exists(target):
		return "no such file"
	case u.Fragment != "" && path.Ext(target) == ".md" && !slices.Contains(anchors(t.files[target]), u.Fragment):
		return "no such heading"
	}
	return ""
}

// anchors returns the fragments of the headings of a Markdown text, generated as on
// GitHub.
func anchors(text []byte) []string {
	var all []string
	for _, match := range heading.FindAllStringSubmatch(codeBlock.ReplaceAllString(string(text), ""), -1) {
		words := notInSlug.ReplaceAllString(linkText.ReplaceAllString(match[1], "$1"), "")
		all = append(all, strings.ReplaceAll(strings.ToLower(strings.TrimSpace(words)), " ", "-"))
	}
	return all
}

func TestLinks(t *testing.T) {
	t.Parallel()
	try(t, links, []example{
		{"accepts links that resolve", map[string]string{
			"README.md": "# One\n[a](CONTRIBUTING.md), [b](docs/b.md#the-e-tag-of-b \"title\"), ![c](docs), [d](#one), [e][e]\n" +
				"[f](https://example.com/gone.md) [g](mailto:someone@example.com)\n\n[e]: docs/b.md\n" +
				"`[code](gone.md)`\n```\n[code](gone.md)\n```\n",
			"CONTRIBUTING.md":             "",
			"docs/b.md":                   "## The `E-Tag` of [b](../README.md)!\n[up](../README.md#one)\n",
			"internal/a/testdata/gold.md": "[a](gone.md)\n",
		}, nil},
		{"finds links that don't", map[string]string{
			"README.md": "# One\n[a](gone.md), [b](docs/b.md#two), ![c](gone.png), [d](#two), [e][e], [f](../issues)\n\n[e]: docs/gone.md\n",
			"docs/b.md": "```\n# Two\n```\n[a](docs/b.md)\n",
		}, []string{
			"README.md links to gone.md: no such file",
			"README.md links to docs/b.md#two: no such heading",
			"README.md links to gone.png: no such file",
			"README.md links to #two: no such heading",
			"README.md links to ../issues: it leaves the repository",
			"README.md links to docs/gone.md: no such file",
			"docs/b.md links to docs/b.md: no such file",
		}},
	})
}
