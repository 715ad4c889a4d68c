package config

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// maxIdentifier is the length to which PostgreSQL cuts names, in bytes.
const maxIdentifier = 63

// A conflict is a rule that spans settings.
type conflict struct {
	found bool
	name  string // the setting that is to blame
	with  string // the other one
	why   string
}

// check notes the values that no parser has seen through, and settings that
// contradict one another. A setting that is wrong by itself contradicts nothing.
func (r *reader) check(c Config) {
	if !isAddress(c.Addr) {
		r.refuse("ADDR", "=%q: want a host and a port as 127.0.0.1:8080", c.Addr)
	}
	if c.ProfileAddr != "" && !isAddress(c.ProfileAddr) {
		r.refuse("PPROF_ADDR", "=%q: want a host and a port as 127.0.0.1:6060", c.ProfileAddr)
	}
	if !isPrintable(c.Database.ApplicationName) {
		r.refuse("DB_APPLICATION_NAME", "=%q: want at most %d printable ASCII characters", c.Database.ApplicationName, maxIdentifier)
	}
	if c.Database.URL != "" {
		if reason := c.Database.URL.invalid(); reason != "" {
			r.refuse("DATABASE_URL", ": %s; want postgres://user:password@host:5432/database or libpq's keywords (the value isn't shown)", reason)
		}
	}
	if c.Environment == Production && c.Database.URL == "" {
		r.refuse("DATABASE_URL", ": want a database, for COMMITMENT_ENV=production starts none of its own")
	}
	for _, x := range conflicts(c) {
		if x.found && !r.refused[x.name] && !r.refused[x.with] {
			r.refuse(x.name, "=%s with %s=%s: %s", r.settings[x.name].of(c), x.with, r.settings[x.with].of(c), x.why)
		}
	}
}

// conflicts are the rules that span settings. A zero is no bound where it is
// allowed at all.
func conflicts(c Config) []conflict {
	db, h := c.Database, c.HTTP
	return []conflict{
		{db.MaxIdleConns > db.MaxOpenConns, "DB_MAX_IDLE_CONNS", "DB_MAX_OPEN_CONNS",
			"more can't be idle than are open"},
		{db.ConnMaxLifetime > 0 && db.LifetimeJitter >= db.ConnMaxLifetime, "DB_CONN_LIFETIME_JITTER", "DB_CONN_MAX_LIFETIME",
			"the jitter must be less than the lifetime that it is taken off"},
		{db.StatementTimeout > 0 && db.LockTimeout > db.StatementTimeout, "DB_LOCK_TIMEOUT", "DB_STATEMENT_TIMEOUT",
			"the statement ends before its wait for a lock does"},
		{db.AcquireTimeout >= h.RequestTimeout, "DB_ACQUIRE_TIMEOUT", "HTTP_REQUEST_TIMEOUT",
			"the wait for a connection must leave time for the work"},
		{h.ReadHeaderTimeout > h.ReadTimeout, "HTTP_READ_HEADER_TIMEOUT", "HTTP_READ_TIMEOUT",
			"the header is a part of the request"},
		{h.RequestTimeout >= h.WriteTimeout, "HTTP_REQUEST_TIMEOUT", "HTTP_WRITE_TIMEOUT",
			"the connection closes before the answer can be written"},
		{h.ReadTimeout < h.RequestTimeout, "HTTP_READ_TIMEOUT", "HTTP_REQUEST_TIMEOUT",
			"net/http cancels the work when the time for reading is over"},
		{h.RequestTimeout < h.WriteTimeout && h.RequestTimeout+db.CommitTimeout+db.OutcomeTimeout >= h.WriteTimeout,
			"DB_COMMIT_TIMEOUT", "HTTP_WRITE_TIMEOUT",
			fmt.Sprintf("after HTTP_REQUEST_TIMEOUT=%v and with DB_OUTCOME_TIMEOUT=%v it leaves no time to write the answer",
				h.RequestTimeout, db.OutcomeTimeout)},
		{h.AnswerMemoryBytes > h.MaxAnswerBytes, "HTTP_ANSWER_MEMORY_BYTES", "HTTP_MAX_ANSWER_BYTES",
			"a part can't be larger than the whole"},
	}
}

// isAddress reports whether a server can listen on s, as far as its form goes.
func isAddress(s string) bool {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

// isPrintable reports whether PostgreSQL takes s for a name as it is.
func isPrintable(s string) bool {
	return len(s) <= maxIdentifier && !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c > '~' })
}
