package migration

import (
	"slices"
	"strings"
)

// token is a word, a quoted name, a string or a sign of a statement.
type token struct {
	// text is a word in lower case and anything else as it is written, quotes
	// included, so that a quoted name is never taken for a keyword.
	text       string
	start, end int // its bytes in the statement
}

// lex reads the first tokens of a statement. Comments and white space are none.
func lex(sql string, limit int) []token {
	var tokens []token
	for pos := 0; pos < len(sql) && len(tokens) < limit; {
		end, blank := scan(sql, pos)
		if !blank {
			tokens = append(tokens, token{text: folded(sql[pos:end]), start: pos, end: end})
		}
		pos = end
	}
	return tokens
}

// scan returns where the token or the blank that begins at pos ends.
func scan(sql string, pos int) (end int, blank bool) {
	rest := sql[pos:]
	switch c := rest[0]; {
	case strings.IndexByte(" \t\r\n\f\v", c) >= 0:
		return pos + 1, true
	case strings.HasPrefix(rest, "--"):
		return pos + until(rest, "\n"), true
	case strings.HasPrefix(rest, "/*"):
		return pos + comment(rest), true
	case c == '"' || c == '\'':
		return pos + quotation(rest), false
	case isWord(c):
		return pos + word(rest), false
	}
	return pos + 1, false
}

func until(s, end string) int {
	if i := strings.Index(s, end); i >= 0 {
		return i + len(end)
	}
	return len(s)
}

// comment is the length of the comment that s begins with. Comments nest.
func comment(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], "/*"):
			depth++
			i++
		case strings.HasPrefix(s[i:], "*/"):
			depth--
			i++
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(s)
}

// quotation is the length of the quoted text that s begins with, in which a
// doubled quote stands for one.
func quotation(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] != s[0] {
			continue
		}
		if i+1 == len(s) || s[i+1] != s[0] {
			return i + 1
		}
		i++
	}
	return len(s)
}

func word(s string) int {
	i := 0
	for i < len(s) && isWord(s[i]) {
		i++
	}
	return i
}

func isWord(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func folded(text string) string {
	if text[0] == '"' || text[0] == '\'' {
		return text
	}
	return strings.ToLower(text)
}

// reader takes tokens from the front.
type reader struct {
	sql    string
	tokens []token
}

// eat takes the words if they are next, all of them.
func (r *reader) eat(words ...string) bool {
	if len(r.tokens) < len(words) {
		return false
	}
	for i, w := range words {
		if r.tokens[i].text != w {
			return false
		}
	}
	r.tokens = r.tokens[len(words):]
	return true
}

// eatAny takes the next word if it is one of these.
func (r *reader) eatAny(words ...string) bool {
	if len(r.tokens) == 0 || !slices.Contains(words, r.tokens[0].text) {
		return false
	}
	r.tokens = r.tokens[1:]
	return true
}

// name takes a name, qualified or not, as it is written.
func (r *reader) name() (token, bool) {
	if len(r.tokens) == 0 || !isWord(r.tokens[0].text[0]) && r.tokens[0].text[0] != '"' {
		return token{}, false
	}
	n := r.tokens[0]
	r.tokens = r.tokens[1:]
	for len(r.tokens) > 1 && r.tokens[0].text == "." {
		n.end = r.tokens[1].end
		r.tokens = r.tokens[2:]
	}
	n.text = r.sql[n.start:n.end]
	return n, true
}
