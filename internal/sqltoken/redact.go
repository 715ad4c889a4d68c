package sqltoken

import (
	"strings"
	"unicode/utf8"
)

// Redact returns a statement without its constants, which may be secret, and its comments.
// It is cut after limit bytes.
func Redact(sql string, limit int) string {
	var b strings.Builder
	end, before := 0, ""
	for t := range All(sql) {
		if b.Len() > limit {
			break
		}
		if t.From > end && b.Len() > 0 {
			b.WriteByte(' ')
		}
		if isConstant(t.Text) && before != "$" { // $1 is a parameter
			b.WriteByte('?')
		} else {
			b.WriteString(t.Text)
		}
		end, before = t.To, t.Text
	}
	text := b.String()
	if len(text) <= limit {
		return text
	}
	for !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit] + "…"
}

// isConstant reports whether a token is a number or a string.
func isConstant(token string) bool {
	switch c := token[0]; c {
	case '\'':
		return true
	case 'E', 'e':
		return len(token) > 1 && token[1] == '\''
	case '$':
		return len(token) > 1 // in dollar quotes
	default:
		return '0' <= c && c <= '9'
	}
}
