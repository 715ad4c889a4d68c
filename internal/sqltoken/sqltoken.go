// Package sqltoken cuts SQL into words, names, strings and signs, as far as has to be
// known to tell a keyword from what only looks like one. It is no parser, and knows
// nothing of what the words mean.
package sqltoken

import (
	"iter"
	"strings"
	"unicode/utf8"
)

// Token is a word, a name, a string, a number or a sign of a statement. Comments
// and blanks are none.
type Token struct {
	Text     string // as it stands there
	From, To int    // its bytes in the statement
}

// Is reports whether the token is one of the words. A name in quotes is never.
func (t Token) Is(words ...string) bool {
	for _, w := range words {
		if strings.EqualFold(t.Text, w) {
			return true
		}
	}
	return false
}

// Word reports whether the token is a keyword or a name without quotes.
func (t Token) Word() bool {
	return t.Text != "" && beginsWord(t.Text[0])
}

// IsName reports whether the token can be a name: a word, or a name in quotes.
func (t Token) IsName() bool { return t.Word() || strings.HasPrefix(t.Text, `"`) }

// Name is the name that the token stands for.
func (t Token) Name() string { return Unquote(t.Text) }

// Unquote is the name that stands in SQL as text.
func Unquote(text string) string {
	if quoted, ok := strings.CutPrefix(text, `"`); ok {
		return strings.ReplaceAll(strings.TrimSuffix(quoted, `"`), `""`, `"`)
	}
	return strings.ToLower(text)
}

// Quote is a name as SQL takes it whatever it is made of, or a list of names. [Unquote]
// undoes it.
func Quote(names ...string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	}
	return strings.Join(quoted, ", ")
}

// QuoteTable is the name of a table as SQL takes it. One in another schema has that and a
// dot before its own.
func QuoteTable(name string) string {
	if schema, table, qualified := strings.Cut(name, "."); qualified {
		return Quote(schema) + "." + Quote(table)
	}
	return Quote(name)
}

// Literal is a text as SQL takes it: a string constant.
func Literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// All cuts a statement as PostgreSQL's scanner does: what looks like a keyword in a
// string, a name in quotes or a comment is none.
func All(sql string) iter.Seq[Token] {
	return func(yield func(Token) bool) {
		for at := 0; at < len(sql); {
			size, blank := next(sql[at:])
			if !blank && !yield(Token{sql[at : at+size], at, at + size}) {
				return
			}
			at += size
		}
	}
}

// blanks are PostgreSQL's; any other of Unicode's is a letter to it.
const blanks = " \t\n\r\f\v"

// next is the size of what sql begins with, and whether it is a blank or a comment.
func next(sql string) (size int, blank bool) {
	switch c := sql[0]; {
	case strings.IndexByte(blanks, c) >= 0:
		return 1, true
	case strings.HasPrefix(sql, "--"):
		return lineComment(sql), true
	case strings.HasPrefix(sql, "/*"):
		return blockComment(sql), true
	case c == '\'':
		return quotedBy(sql, '\'', false), false
	case (c == 'E' || c == 'e') && strings.HasPrefix(sql[1:], "'"):
		return escapeString(sql), false
	case c == '"':
		return quotedBy(sql, '"', false), false
	case c == '$':
		return dollar(sql), false
	case beginsWord(c):
		return sizeOf(sql, func(c byte) bool { return beginsWord(c) || isDigit(c) || c == '$' }), false
	case isDigit(c):
		return sizeOf(sql, isDigit), false
	}
	return 1, false
}

// beginsWord reports whether a word may begin with c. All that isn't ASCII is a letter.
func beginsWord(c byte) bool {
	return c == '_' || c >= utf8.RuneSelf || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// sizeOf is how many bytes of sql are of a kind.
func sizeOf(sql string, kind func(byte) bool) int {
	size := 0
	for size < len(sql) && kind(sql[size]) {
		size++
	}
	return size
}

// until is where end has passed, looked for from the byte at from, or the end of
// sql.
func until(sql, end string, from int) int {
	i := strings.Index(sql[from:], end)
	if i < 0 {
		return len(sql)
	}
	return from + i + len(end)
}

// lineComment is the size of a comment up to the end of its line, which a return is,
// too.
func lineComment(sql string) int {
	if i := strings.IndexAny(sql, "\r\n"); i >= 0 {
		return i + 1
	}
	return len(sql)
}

// blockComment is the size of a comment, in which there may be others.
func blockComment(sql string) int {
	depth := 0
	for at := 0; at < len(sql); {
		switch {
		case strings.HasPrefix(sql[at:], "/*"):
			depth++
			at += 2
		case strings.HasPrefix(sql[at:], "*/"):
			depth--
			at += 2
		default:
			at++
		}
		if depth == 0 {
			return at
		}
	}
	return len(sql)
}

// quotedBy is the size of a string or a name, in which the quote is doubled.
func quotedBy(sql string, quote byte, backslash bool) int {
	for at := 1; at < len(sql); at++ {
		switch {
		case sql[at] == '\\' && backslash:
			at++
		case sql[at] == quote && strings.HasPrefix(sql[at+1:], string(quote)):
			at++
		case sql[at] == quote:
			return at + 1
		}
	}
	return len(sql)
}

// escapeString is the size of a string E'…', which goes on behind the end of a line: so
// does the meaning of a backslash.
func escapeString(sql string) int {
	size := 1 + quotedBy(sql[1:], '\'', true)
	for {
		at := size
		for at < len(sql) && !strings.HasPrefix(sql[at:], "/*") {
			n, blank := next(sql[at:])
			if !blank {
				break
			}
			at += n
		}
		if at == len(sql) || sql[at] != '\'' || !strings.ContainsAny(sql[size:at], "\r\n") {
			return size
		}
		size = at + quotedBy(sql[at:], '\'', true)
	}
}

// dollar is the size of a string in dollar quotes, or of what else begins with a
// dollar, such as $1.
func dollar(sql string) int {
	if len(sql) > 1 && isDigit(sql[1]) {
		return 1
	}
	tag := 1 + sizeOf(sql[1:], func(c byte) bool { return beginsWord(c) || isDigit(c) })
	if tag == len(sql) || sql[tag] != '$' {
		return tag
	}
	return until(sql, sql[:tag+1], tag+1)
}
