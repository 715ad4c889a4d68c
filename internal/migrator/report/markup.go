package report

import (
	"regexp"
	"strings"
)

// What GitHub's Markdown treats as markup inside a line. Backslashes escape most of it.
// Mentions and references to issues are recognized afterwards, in the text, so an empty
// comment separates them from their sign; a dollar sign begins a formula unless it is
// in an element of its own.
var markup = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "~", `\~`,
	"<", "&lt;", ">", "&gt;", "&", "&amp;",
	"@", "@<!-- -->", "#", "#<!-- -->", "$", "<span>$</span>", "://", ":<!-- -->//",
)

// markdown escapes text.
func markdown(s string) string { return markup.Replace(line(s)) }

// backticks matches runs that a fence must be longer than.
var backticks = regexp.MustCompile("`+")

// fence is a run of at least n backticks that doesn't occur in the text.
func fence(s string, n int) string {
	for _, run := range backticks.FindAllString(s, -1) {
		n = max(n, len(run)+1)
	}
	return strings.Repeat("`", n)
}

// code is text on one line in a fixed font.
func code(s string) string {
	s = line(s)
	if s == "" {
		return ""
	}
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	f := fence(s, 1)
	return f + s + f
}

// cellText is Markdown in a table, where a bar ends a cell, even in code.
func cellText(md string) string { return strings.ReplaceAll(md, "|", `\|`) }

// maxCode is how much of a block of code a comment shows, in bytes.
const maxCode = 4000

// fenced is a block of code, cut if it is very long.
func fenced(language, s string) string {
	s = block(s)
	if len(s) > maxCode {
		s = strings.ToValidUTF8(s[:maxCode], "") + "\n…"
	}
	f := fence(s, 3)
	return f + language + "\n" + s + "\n" + f + "\n"
}
