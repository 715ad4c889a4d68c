// Package sqltoken cuts SQL into words, names, strings and signs, as far as has to be
// known to tell a keyword from what only looks like one. It is no parser, and knows
// nothing of what the words mean.
package sqltoken

import (
	"iter"
	"strings"
	"unicode"
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
	r, _ := utf8.DecodeRuneInString(t.Text)
	return r == '_' || unicode.IsLetter(r)
}

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

// next is the size of what sql begins with, and whether it is a blank or a comment.
func next(sql string) (size int, blank bool) {
	r, n := utf8.DecodeRuneInString(sql)
	switch {
	case unicode.IsSpace(r):
		return n, true
	case strings.HasPrefix(sql, "--"):
		return lineComment(sql), true
	case strings.HasPrefix(sql, "/*"):
		return blockComment(sql), true
	case r == '\'':
		return quotedBy(sql, '\'', false), false
	case (r == 'E' || r == 'e') && strings.HasPrefix(sql[1:], "'"):
		return 1 + quotedBy(sql[1:], '\'', true), false
	case r == '"':
		return quotedBy(sql, '"', false), false
	case r == '$':
		return dollar(sql), false
	case r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
		return wordSize(sql), false
	}
	return n, false
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

// dollar is the size of a string in dollar quotes, or of what else begins with a
// dollar, such as $1.
func dollar(sql string) int {
	tag := 1
	for tag < len(sql) && (sql[tag] == '_' || sql[tag] >= 0x80 || unicode.IsLetter(rune(sql[tag])) || tag > 1 && unicode.IsDigit(rune(sql[tag]))) {
		tag++
	}
	if tag == len(sql) || sql[tag] != '$' {
		return tag
	}
	return until(sql, sql[:tag+1], tag+1)
}

func wordSize(sql string) int {
	for i, r := range sql {
		if r != '_' && r != '$' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return i
		}
	}
	return len(sql)
}
