package migration

import "commitment/internal/sqltoken"

// lex reads the first tokens of a statement.
func lex(sql string, limit int) []sqltoken.Token {
	var all []sqltoken.Token
	for t := range sqltoken.All(sql) {
		if all = append(all, t); len(all) == limit {
			break
		}
	}
	return all
}

// reader takes tokens from the front.
type reader struct {
	sql    string
	tokens []sqltoken.Token
}

// eat takes the words if they are next, all of them.
func (r *reader) eat(words ...string) bool {
	if len(r.tokens) < len(words) {
		return false
	}
	for i, w := range words {
		if !r.tokens[i].Is(w) {
			return false
		}
	}
	r.tokens = r.tokens[len(words):]
	return true
}

// eatAny takes the next word if it is one of these.
func (r *reader) eatAny(words ...string) bool {
	if len(r.tokens) == 0 || !r.tokens[0].Is(words...) {
		return false
	}
	r.tokens = r.tokens[1:]
	return true
}

// name takes a name, qualified or not, as it is written.
func (r *reader) name() (sqltoken.Token, bool) {
	if len(r.tokens) == 0 || !r.tokens[0].IsName() {
		return sqltoken.Token{}, false
	}
	n := r.tokens[0]
	r.tokens = r.tokens[1:]
	for len(r.tokens) > 1 && r.tokens[0].Text == "." {
		n.To = r.tokens[1].To
		r.tokens = r.tokens[2:]
	}
	n.Text = r.sql[n.From:n.To]
	return n, true
}
