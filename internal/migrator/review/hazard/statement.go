package hazard

import (
	"slices"
	"strings"

	"commitment/internal/sqltoken"
)

// statement is SQL split into tokens, for what a rule must know and the server doesn't
// show.
type statement struct {
	sql    string
	tokens []sqltoken.Token
}

// parse leaves out the semicolon at the end.
func parse(sql string) statement {
	all := slices.Collect(sqltoken.All(sql))
	for len(all) > 0 && all[len(all)-1].Text == ";" {
		sql = sql[:all[len(all)-1].From]
		all = all[:len(all)-1]
	}
	return statement{sql, all}
}

// begins reports whether the statement begins with the words.
func (t statement) begins(words ...string) bool { return t.at(0, words...) }

// at reports whether the words stand at the i-th token.
func (t statement) at(i int, words ...string) bool {
	if i < 0 || i+len(words) > len(t.tokens) {
		return false
	}
	for n, w := range words {
		if !t.tokens[i+n].Is(w) {
			return false
		}
	}
	return true
}

// find is the place of the words, or -1.
func (t statement) find(words ...string) int {
	for i := range t.tokens {
		if t.at(i, words...) {
			return i
		}
	}
	return -1
}

func (t statement) has(words ...string) bool { return t.find(words...) >= 0 }

// outside is the place of the words outside of all parentheses, or -1.
func (t statement) outside(words ...string) int {
	depth := 0
	for i, tok := range t.tokens {
		switch {
		case tok.Text == "(":
			depth++
		case tok.Text == ")":
			depth--
		case depth == 0 && t.at(i, words...):
			return i
		}
	}
	return -1
}

// name reads the name at the i-th token, without its schema, and returns the place
// behind it. It is empty where none stands.
func (t statement) name(i int) (name string, behind int) {
	for ; i < len(t.tokens); i += 2 {
		if tok := t.tokens[i]; !tok.Word() && !strings.HasPrefix(tok.Text, `"`) {
			return "", i
		}
		name = t.tokens[i].Name()
		if !t.at(i+1, ".") {
			return name, i + 1
		}
	}
	return name, i
}

// skip is the place behind the words, if they stand at i, or i.
func (t statement) skip(i int, words ...string) int {
	if t.at(i, words...) {
		return i + len(words)
	}
	return i
}

// part is what stands from the i-th token to before the j-th.
func (t statement) part(i, j int) statement {
	if i >= j {
		return statement{}
	}
	from := t.tokens[i].From
	part := statement{sql: t.sql[from:t.tokens[j-1].To]}
	for _, tok := range t.tokens[i:j] {
		part.tokens = append(part.tokens, sqltoken.Token{Text: tok.Text, From: tok.From - from, To: tok.To - from})
	}
	return part
}

// split cuts at the commas that stand outside of parentheses.
func (t statement) split(from int) []statement {
	var parts []statement
	depth, start := 0, from
	for i := from; i < len(t.tokens); i++ {
		switch t.tokens[i].Text {
		case "(", "[":
			depth++
		case ")", "]":
			depth--
		case ",":
			if depth == 0 {
				parts = append(parts, t.part(start, i))
				start = i + 1
			}
		}
	}
	return append(parts, t.part(start, len(t.tokens)))
}

// insert is the statement with words behind the i-th token.
func (t statement) insert(i int, words string) string {
	at := t.tokens[i].To
	return t.sql[:at] + " " + words + t.sql[at:]
}

// without is the statement without the words, where they stand.
func (t statement) without(words ...string) statement {
	i := t.find(words...)
	if i < 0 {
		return t
	}
	end := t.tokens[i+len(words)-1].To
	return parse(strings.TrimRight(t.sql[:t.tokens[i].From], " ") + t.sql[end:])
}

// body is what stands in the dollar quotes of a DO.
func (t statement) body() statement {
	if !t.begins("DO") {
		return statement{}
	}
	return t.dollarQuoted()
}

// dollarQuoted is what stands in the first dollar quotes.
func (t statement) dollarQuoted() statement {
	i := slices.IndexFunc(t.tokens, func(tok sqltoken.Token) bool { return strings.HasPrefix(tok.Text, "$") })
	if i < 0 {
		return statement{}
	}
	quoted := t.tokens[i].Text
	tag := 2 + strings.Index(quoted[1:], "$")
	if tag < 2 || len(quoted) < 2*tag {
		return statement{}
	}
	return parse(quoted[tag : len(quoted)-tag])
}

// inner are the statements in the body of a DO, but for those that it puts together
// from strings.
func (t statement) inner() []statement {
	body := t.body()
	var all []statement
	for i, tok := range body.tokens {
		first := i == 0 || body.tokens[i-1].Is(";", "BEGIN", "THEN", "ELSE", "LOOP")
		if !first || !tok.Is("ALTER", "CREATE", "DROP", "REINDEX", "REFRESH", "TRUNCATE", "UPDATE", "DELETE", "INSERT", "MERGE", "WITH") {
			continue
		}
		end := slices.IndexFunc(body.tokens[i:], func(tok sqltoken.Token) bool { return tok.Is(";") })
		if end < 0 {
			end = len(body.tokens) - i
		}
		all = append(all, body.part(i, i+end))
	}
	return all
}

// writesInWith are the UPDATE, DELETE and MERGE statements in the WITH of the statement.
func (t statement) writesInWith() []statement {
	if !t.begins("WITH") {
		return nil
	}
	var all []statement
	for i := 1; i < len(t.tokens); i++ {
		if t.tokens[i-1].Text != "(" || !t.tokens[i].Is("UPDATE", "DELETE", "MERGE") {
			continue
		}
		depth, end := 1, i
		for ; end < len(t.tokens); end++ {
			switch t.tokens[end].Text {
			case "(":
				depth++
			case ")":
				depth--
			}
			if depth == 0 {
				break
			}
		}
		all = append(all, t.part(i, end))
	}
	return all
}

// table is the name behind ALTER TABLE and its like, and the place of what is done
// to it.
func (t statement) table() (name string, behind int) {
	i := t.skip(t.skip(2, "IF", "EXISTS"), "ONLY")
	name, behind = t.name(i)
	return name, t.skip(behind, "*")
}

// actions are those of ALTER TABLE, and what stands before them.
func (t statement) actions() (head string, actions []statement) {
	if !t.begins("ALTER", "TABLE") {
		return "", nil
	}
	_, i := t.table()
	if i >= len(t.tokens) {
		return "", nil
	}
	return t.sql[:t.tokens[i].From], t.split(i)
}
