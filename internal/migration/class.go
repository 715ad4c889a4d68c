package migration

import (
	"slices"
	"strings"

	"commitment/internal/sqltoken"
)

// class decides how long a statement may wait for locks and how long it may run.
type class int

const (
	// strong statements change the schema; others queue behind their lock.
	strong class = iota
	// data statements read or change rows.
	data
	// weak statements take time under a lock that blocks neither reads nor writes.
	weak
	// concurrent statements say CONCURRENTLY. They wait for other transactions while
	// nobody waits for them, and leave something half done when they are stopped.
	concurrent
	// control statements change the session.
	control
)

// action is what may need repair around a concurrent statement.
type action int

const (
	other action = iota
	createIndex
	dropIndex
	detachPartition
	reindex
	addConstraint
	unforce
)

// command is what the leading words of a statement say about it.
type command struct {
	sql    string
	class  class
	action action
	// transactional marks a statement that can run in a transaction, except for blocks
	// and procedures that end it.
	transactional bool
	// controlsTransaction marks one that begins or ends a transaction.
	controlsTransaction bool
	// parameter is what a SET, a RESET or set_config sets; "all" for all of them.
	parameter string
	// keyword is the word CONCURRENTLY, table the table that the action is about, and
	// object the index or partition; of a REINDEX, object is an index or a table.
	keyword, table, object sqltoken.Token
}

// head is how many tokens are read.
const head = 24

// parse reads the statement's leading words. A statement that it doesn't know is
// strong, the most careful class.
func parse(sql string) command {
	c := command{sql: sql}
	r := reader{sql: sql, tokens: lex(sql, head)}
	for _, read := range []func(*reader, *command) bool{
		readControl, readRows, readIndex, readTable, readMaintenance, readSchema,
	} {
		attempt := r
		if read(&attempt, &c) {
			return c
		}
	}
	return c
}

// RefusesTransaction reports whether PostgreSQL refuses a statement in a transaction, as
// far as its leading words tell.
func RefusesTransaction(sql string) bool {
	r := reader{tokens: lex(sql, 2)}
	if r.eat("vacuum") || r.eatAny("create", "alter", "drop") && r.eatAny("database", "tablespace", "subscription", "system") {
		return true
	}
	return parse(sql).class == concurrent && !r.eat("refresh")
}

func readControl(r *reader, c *command) bool {
	if r.eat("select", "set_config", "(") && len(r.tokens) > 0 && len(r.tokens[0].Text) > 2 {
		c.class, c.parameter = control, r.tokens[0].Text[1:len(r.tokens[0].Text)-1]
		return true
	}
	if r.eatAny("begin", "start", "commit", "end", "rollback", "abort") {
		c.class, c.controlsTransaction = control, true
		return true
	}
	if r.eatAny("savepoint", "release", "listen", "unlisten", "notify", "discard", "prepare", "deallocate", "load", "show") {
		c.class = control
		return true
	}
	if !r.eatAny("set", "reset") {
		return false
	}
	r.eatAny("local", "session")
	c.class = control
	if n, ok := r.name(); ok {
		c.parameter = folded(n.Text)
	}
	return true
}

func readRows(r *reader, c *command) bool {
	if !r.eatAny("insert", "update", "delete", "merge", "select", "with", "values", "copy", "do", "call", "execute", "explain", "(") {
		return false
	}
	c.class, c.transactional = data, true
	return true
}

// readIndex reads statements that build, drop or rebuild an index CONCURRENTLY.
func readIndex(r *reader, c *command) bool {
	unique := r.eat("create", "unique", "index")
	switch {
	case unique || r.eat("create", "index"):
		return readCreateIndex(r, c)
	case r.eat("drop", "index"):
		if !r.concurrently(c) {
			return false
		}
		r.eat("if", "exists")
		c.class = concurrent
		if n, ok := r.name(); ok {
			c.action, c.object = dropIndex, n
		}
		return true
	case r.eat("refresh", "materialized", "view", "concurrently"):
		c.class = concurrent
		return true
	case r.eat("reindex"):
		return readReindex(r, c)
	}
	return false
}

// readReindex finds CONCURRENTLY in either of its two places.
func readReindex(r *reader, c *command) bool {
	if !slices.ContainsFunc(r.tokens, func(t sqltoken.Token) bool { return t.Is("concurrently") }) {
		return false
	}
	c.class = concurrent
	if r.eat("(") {
		for len(r.tokens) > 0 && !r.eat(")") {
			r.tokens = r.tokens[1:]
		}
	}
	if !r.eatAny("index", "table") {
		return true
	}
	r.eat("concurrently")
	if n, ok := r.name(); ok {
		c.action, c.object = reindex, n
	}
	return true
}

func readCreateIndex(r *reader, c *command) bool {
	if !r.concurrently(c) {
		return false
	}
	r.eat("if", "not", "exists")
	c.class = concurrent
	object, named := r.name()
	if !named || object.Is("on") || !r.eat("on") {
		return true // an index without a name is another one each time
	}
	r.eat("only")
	if table, ok := r.name(); ok {
		c.action, c.object, c.table = createIndex, object, table
	}
	return true
}

// readTable reads the forms of ALTER TABLE that block nobody.
func readTable(r *reader, c *command) bool {
	if !r.eat("alter", "table") {
		return false
	}
	r.eat("if", "exists")
	r.eat("only")
	table, ok := r.name()
	switch {
	case !ok:
		return false
	case r.eat("validate", "constraint"):
		c.class, c.transactional = weak, true
		return true
	case r.eat("add", "constraint"):
		c.transactional = true
		if name, ok := r.name(); ok {
			c.action, c.table, c.object = addConstraint, table, name
		}
		return true
	case r.eat("no", "force", "row", "level", "security"):
		c.action, c.table = unforce, table
		return true
	case !r.eat("detach", "partition"):
		return false
	}
	object, ok := r.name()
	if !ok || !r.concurrently(c) {
		return false
	}
	c.class, c.action, c.table, c.object = concurrent, detachPartition, table, object
	return true
}

func readMaintenance(r *reader, c *command) bool {
	if !r.eatAny("vacuum", "analyze") {
		return false
	}
	c.class = weak
	return true
}

// readSchema reads other statements on the schema, some of which can't run in a
// transaction.
func readSchema(r *reader, c *command) bool {
	switch {
	case r.eatAny("comment", "truncate", "grant", "revoke", "security", "import", "reassign"):
		c.transactional = true
	case r.eatAny("create", "alter", "drop"):
		c.transactional = !r.eatAny("database", "tablespace", "subscription", "system")
	default:
		return false
	}
	return true
}

// concurrently takes the word and notes its position.
func (r *reader) concurrently(c *command) bool {
	rest := r.tokens
	if !r.eat("concurrently") {
		return false
	}
	c.keyword = rest[0]
	return true
}

// folded is a name as PostgreSQL folds it if it isn't quoted.
func folded(name string) string {
	if strings.HasPrefix(name, `"`) {
		return name
	}
	return strings.ToLower(name)
}
