package migration

import (
	"slices"
	"strings"

	"commitment/internal/sqltoken"
)

// class says what a statement may wait for and how long it may take.
type class int

const (
	// strong is what changes the schema: everybody queues behind its lock.
	strong class = iota
	// data is what reads or changes rows.
	data
	// weak is what takes its time under a lock that lets reads and writes pass.
	weak
	// concurrent is what says CONCURRENTLY. It waits for other transactions
	// while nobody has to wait for it, and leaves ruins when it is stopped.
	concurrent
	// control is what changes the session.
	control
)

// action is what has to be looked at around a concurrent statement.
type action int

const (
	other action = iota
	createIndex
	dropIndex
	detachPartition
	reindex
)

// command is what the words at the head of a statement say of it.
type command struct {
	sql    string
	class  class
	action action
	// within says that the statement can run in a transaction, but for blocks and
	// procedures that end theirs.
	within bool
	// transaction says that it begins or ends one.
	transaction bool
	// parameter is what a SET, a RESET or set_config sets; "all" for all.
	parameter string
	// keyword is the word CONCURRENTLY. table is the one that the action is
	// about, and object the index or the partition; of a reindex, object is
	// either.
	keyword, table, object sqltoken.Token
}

// head bounds the tokens that are looked at.
const head = 24

// parse reads the statement's leading words. What it doesn't know is strong,
// which is the class with the most care.
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

func readControl(r *reader, c *command) bool {
	if r.eat("select", "set_config", "(") && len(r.tokens) > 0 && len(r.tokens[0].Text) > 2 {
		c.class, c.parameter = control, r.tokens[0].Text[1:len(r.tokens[0].Text)-1]
		return true
	}
	if r.eatAny("begin", "start", "commit", "end", "rollback", "abort") {
		c.class, c.transaction = control, true
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
	c.class, c.within = data, true
	return true
}

// readIndex reads what makes, drops or rebuilds an index CONCURRENTLY.
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

// readReindex knows that the word can stand in two places.
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

// readTable reads those forms of ALTER TABLE that don't hold everybody up.
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
		c.class, c.within = weak, true
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

// readSchema finds what can't run in a transaction among what changes the schema.
func readSchema(r *reader, c *command) bool {
	switch {
	case r.eatAny("comment", "truncate", "grant", "revoke", "security", "import", "reassign"):
		c.within = true
	case r.eatAny("create", "alter", "drop"):
		c.within = !r.eatAny("database", "tablespace", "subscription", "system")
	default:
		return false
	}
	return true
}

// concurrently takes the word, and notes where it stands.
func (r *reader) concurrently(c *command) bool {
	rest := r.tokens
	if !r.eat("concurrently") {
		return false
	}
	c.keyword = rest[0]
	return true
}

// folded is a name as PostgreSQL reads it where it isn't quoted.
func folded(name string) string {
	if strings.HasPrefix(name, `"`) {
		return name
	}
	return strings.ToLower(name)
}
