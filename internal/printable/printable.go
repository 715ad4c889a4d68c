// Package printable makes text from elsewhere safe to print. It knows nothing of where
// the text comes from or goes.
package printable

import (
	"fmt"
	"strings"
	"unicode"
)

// Text shows what would otherwise act on a terminal or a reader, or hide:
// control characters, those that turn the direction of text, and invisible ones
// become their escapes. Line breaks and tabs stay.
func Text(s string) string {
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
