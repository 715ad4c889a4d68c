// Package printable makes foreign text safe to print. It knows nothing of where the
// text comes from or goes.
package printable

import (
	"fmt"
	"strings"
	"unicode"
)

// Text replaces control characters, characters that change the direction of text, and
// invisible characters, which could act on a terminal or mislead a reader, by their
// escapes. Line breaks and tabs stay.
func Text(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	if !strings.ContainsFunc(s, invisible) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if invisible(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// invisible reports whether a character can't be seen, or isn't allowed in XML.
func invisible(r rune) bool {
	switch r {
	case '\n', '\t':
		return false
	case 0xFFFE, 0xFFFF:
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}
