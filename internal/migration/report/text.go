package report

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// Printable shows what would otherwise act on a terminal or a reader, or hide:
// control characters, those that turn the direction of text, and invisible ones
// become their escapes. Line breaks and tabs stay.
func Printable(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	if !strings.ContainsFunc(s, hidden) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if hidden(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// hidden reports whether a character can't be seen, or isn't one in XML.
func hidden(r rune) bool {
	switch r {
	case '\n', '\t':
		return false
	case 0xFFFE, 0xFFFF:
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// line is text on one line, its runs of white space made single spaces.
func line(s string) string { return strings.Join(strings.Fields(Printable(s)), " ") }

// block is text with its lines kept, without white space around it.
func block(s string) string { return strings.TrimSpace(Printable(s)) }

// host is a name with a port or without, and nothing that means something in
// markup.
var host = regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]+)?$`)

// webPage is an address that a reader may be sent to, or empty.
func webPage(address string) string {
	u, err := url.Parse(address)
	if err != nil || !host.MatchString(u.Host) || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	u.RawQuery = u.Query().Encode()
	return u.String()
}
