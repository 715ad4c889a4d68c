package hazard

import (
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// tenantWord is in the name of the setting, or of the column, by which a policy tells
// tenants apart. Without such a policy a table isn't one of tenants, and the rules about
// them find nothing in it.
const tenantWord = "tenant"

// policy is a policy of row-level security.
type policy struct {
	name       string
	permissive bool
	command    string      // empty for all
	roles      []string    // none for PUBLIC
	rules      []statement // of USING and of WITH CHECK
}

// policies are those of a table.
func policies(t catalog.Table) []policy {
	var all []policy
	for _, o := range objects(t, catalog.KindPolicy) {
		all = append(all, readPolicy(o))
	}
	return all
}

// readPolicy reads what package catalog prints.
func readPolicy(o catalog.Object) policy {
	s := parse(o.Definition)
	p := policy{name: o.Name, permissive: s.outside("RESTRICTIVE") < 0}
	if i := s.outside("FOR"); i >= 0 {
		p.command = s.tokens[i+1].Text
	}
	using, check := s.outside("USING"), s.outside("WITH", "CHECK")
	end := len(s.tokens)
	if check >= 0 {
		p.rules = append(p.rules, s.part(check+2, end))
		end = check
	}
	if using >= 0 {
		p.rules = append(p.rules, s.part(using+1, end))
		end = using
	}
	if i := s.outside("TO"); i >= 0 {
		for _, role := range s.part(i+1, end).split(0) {
			p.roles = append(p.roles, role.sql)
		}
	}
	return p
}

// allRows reports whether the policy lets named roles see and write every row of the table,
// always or where a setting says so: its rules are about no column.
func (p policy) allRows(t catalog.Table) bool {
	return len(p.roles) > 0 && !slices.ContainsFunc(p.rules, func(r statement) bool {
		return slices.ContainsFunc(r.tokens, func(token sqltoken.Token) bool {
			_, ok := t.Column(token.Name())
			return ok && token.IsName()
		})
	})
}

// overlaps reports whether both policies are for the same command of the same role.
func (p policy) overlaps(o policy) bool {
	commands := p.command == o.command || p.command == "" || o.command == ""
	roles := len(p.roles) == 0 || len(o.roles) == 0 || slices.ContainsFunc(p.roles, func(r string) bool { return slices.Contains(o.roles, r) })
	return commands && roles
}

// tenantColumn is the column by which the policies of a table tell tenants apart; empty
// if they don't.
func tenantColumn(t catalog.Table) string {
	for _, p := range policies(t) {
		for _, rule := range p.rules {
			if !strings.Contains(strings.ToLower(rule.sql), tenantWord) {
				continue
			}
			for _, token := range rule.tokens {
				if _, ok := t.Column(token.Name()); ok && token.IsName() {
					return token.Name()
				}
			}
		}
	}
	return ""
}

// becomesTenants reports whether the statement makes a table one of tenants.
func becomesTenants(p pair) bool { return tenantColumn(p.before) == "" && tenantColumn(p.after) != "" }

// tenantIndexes are the indexes that the statement adds to a table of tenants, or all
// those of a table that it makes one.
func tenantIndexes(p pair) []catalog.Index {
	switch {
	case tenantColumn(p.after) == "":
		return nil
	case becomesTenants(p):
		return p.after.Indexes
	}
	return p.indexes()
}

// remade are the tables that the statement creates, and those whose policies, options,
// constraints or indexes it changes. In a large schema nearly all are left out by a glance.
func (s subject) remade() []pair {
	var all []pair
	for _, after := range s.After.Tables {
		before, _ := s.Before.TableOf(after)
		p := pair{before, after}
		if before.Options != after.Options || !slices.Equal(before.Others, after.Others) ||
			!slices.EqualFunc(before.Constraints, after.Constraints, func(a, b catalog.Constraint) bool { return a.OID == b.OID && a.Valid == b.Valid }) ||
			!slices.EqualFunc(before.Indexes, after.Indexes, func(a, b catalog.Index) bool { return a.OID == b.OID }) || before.OID != after.OID {
			all = append(all, p)
		}
	}
	return all
}

func secured(t catalog.Table) bool { return strings.Contains(t.Options, rowLevelSecurity) }
func forced(t catalog.Table) bool  { return strings.Contains(t.Options, "FORCE ROW LEVEL SECURITY") }

// reads are the tables and views that a query reads from, as far as its text tells.
func reads(query statement) []string {
	var names []string
	inFrom := false
	for i, token := range query.tokens {
		switch {
		case token.Is("FROM", "JOIN", "UPDATE", "INTO", "USING"):
			inFrom = true
		case token.Is("ONLY", "LATERAL") || token.Text == "(":
		case token.Is("SELECT", "WHERE", "GROUP", "ORDER", "ON", "SET", "VALUES", "UNION", "HAVING", "LIMIT"):
			inFrom = false
		case inFrom && token.IsName():
			previous := query.tokens[i-1]
			if previous.Is("FROM", "JOIN", "UPDATE", "INTO", "USING", "ONLY") || previous.Text == "," || previous.Text == "(" {
				name, _ := query.name(i)
				names = append(names, name)
			}
		}
	}
	return names
}

// readsTenants is the first table of tenants that a query reads from, itself or by a
// view, as the table is at the end of the file. Names that were seen aren't followed
// again: a query can give a name of its own to what it reads.
func (s subject) readsTenants(query statement, seen ...string) (catalog.Table, bool) {
	for _, name := range reads(query) {
		if t, ok := s.After.Table(name); ok && tenantColumn(t) != "" {
			return s.final().TableOf(t)
		}
		for _, o := range s.After.Others {
			if o.Kind == catalog.KindView && o.Name == name && !slices.Contains(seen, name) {
				if t, ok := s.readsTenants(viewQuery(o), append(seen, name)...); ok {
					return t, true
				}
			}
		}
	}
	return catalog.Table{}, false
}

// viewQuery is what a view selects.
func viewQuery(o catalog.Object) statement {
	_, query, _ := strings.Cut(o.Definition, " AS\n")
	return parse(query)
}

// mayExpose are the objects of a kind that the statement creates or replaces, or all of
// them if it makes a table one of tenants, as far as the file leaves them as they are.
func (s subject) mayExpose(kinds ...catalog.Kind) []catalog.Object {
	all := slices.ContainsFunc(s.remade(), becomesTenants)
	return slices.DeleteFunc(slices.Clone(s.After.Others), func(o catalog.Object) bool {
		return !slices.Contains(kinds, o.Kind) || !all && slices.Contains(s.Before.Others, o) || !slices.Contains(s.final().Others, o)
	})
}

// calls are the names of the functions that an expression calls outside of a subquery:
// those are called for each row.
func calls(rule statement) []string {
	var names []string
	var within []bool // for each open parenthesis: is it, or one around it, a subquery?
	for i, token := range rule.tokens {
		inner := len(within) > 0 && within[len(within)-1]
		switch token.Text {
		case "(":
			within = append(within, inner || rule.at(i+1, "SELECT"))
		case ")":
			within = within[:max(0, len(within)-1)]
		default:
			if !inner && token.IsName() && rule.at(i+1, "(") && !sqlWord(token) {
				names = append(names, token.Name())
			}
		}
	}
	return names
}

// sqlWord reports whether a word before a parenthesis isn't the name of a function.
func sqlWord(t sqltoken.Token) bool {
	return t.Is("AND", "OR", "NOT", "IN", "ANY", "ALL", "SOME", "EXISTS", "CASE", "WHEN", "THEN", "ELSE", "ARRAY", "ROW", "USING", "CHECK", "IS", "FROM", "SELECT", "WHERE")
}
