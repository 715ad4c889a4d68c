package sqltoken

import (
	"strings"
	"unicode/utf8"
)

// Redact returns a statement without its constants, which may be secret, and its comments.
// It is cut after limit bytes.
func Redact(sql string, limit int) string {
	var b strings.Builder
	end, before, number := 0, "", false
	for t := range All(sql) {
		if b.Len() > limit {
			break
		}
		if number && t.From == end && t.Word() { // 0xFF, 1_000, 1e9
			end = t.To
			continue
		}
		if t.From > end && b.Len() > 0 {
			b.WriteByte(' ')
		}
		redacted := isConstant(t.Text) && before != "$" // $1 is a parameter
		if redacted {
			b.WriteByte('?')
		} else {
			b.WriteString(t.Text)
		}
		end, before, number = t.To, t.Text, redacted && isDigit(t.Text[0])
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
