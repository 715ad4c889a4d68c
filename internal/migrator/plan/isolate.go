package plan

import (
	"regexp"
	"strings"

	"commitment/internal/sqltoken"
)

const nameForm = `("(?:[^"]|"")+"|\w+)`

var (
	creates    = regexp.MustCompile(`(?i)^CREATE TABLE ` + nameForm)
	references = regexp.MustCompile(`\bREFERENCES ` + nameForm)
	alters     = regexp.MustCompile(`(?i)^(?:ALTER|DROP) TABLE ` + nameForm)
	renaming   = regexp.MustCompile(`(?i)^ALTER (?:TABLE|INDEX) .* RENAME `)
	renames    = regexp.MustCompile(`(?i)^ALTER TABLE .* RENAME TO ` + nameForm + `$`)
	// attaches are the statements of declared objects that lock a table.
	attaches = regexp.MustCompile(`(?i)\bALTER TABLE ` + nameForm + `|\b(?:TRIGGER|POLICY|RULE)\b[^;]*?\bON ` + nameForm)
	validate = regexp.MustCompile(`\bVALIDATE CONSTRAINT\b`)
)

// isolate begins a file wherever a statement would wait for the lock of one table
// while the file keeps others from another: so nobody waits for more than one
// lock. Tables that the plan makes are nobody's yet. Kept apart from the rest are also
// what renames for running code, which has to wait for a deployment, and new values of
// enums, which must be committed before they are used.
func isolate(steps []Step) {
	made := map[string]bool{}
	held, renamed := "", false
	for i := range steps {
		s := &steps[i]
		if i > 0 && parted(steps[i-1], *s) {
			held = ""
		}
		if i > 0 && addsValue.MatchString(s.SQL) != addsValue.MatchString(steps[i-1].SQL) {
			s.Apart = true
		}
		if renaming.MatchString(s.SQL) {
			renamed = renamed || breaks(s.SQL)
		} else {
			s.Apart = s.Apart || renamed
			renamed = false
		}
		if m := creates.FindStringSubmatch(s.SQL); m != nil {
			made[sqltoken.Unquote(m[1])] = true
		}
		locks := lockedBy(s.SQL, made)
		if locks == "" {
			continue
		}
		s.Apart = s.Apart || held != "" && held != locks
		held = locks
		if m := renames.FindStringSubmatch(s.SQL); m != nil {
			held = sqltoken.Unquote(m[1])
		}
	}
}

// breaks reports whether a renaming takes away a name that code uses.
func breaks(sql string) bool {
	return renames.MatchString(sql) || strings.Contains(sql, " RENAME COLUMN ")
}

// lockedBy is the first table that a statement keeps others from using, without
// those that are made by the plan.
func lockedBy(sql string, made map[string]bool) string {
	pattern := attaches
	switch {
	case validate.MatchString(sql):
		return ""
	case creates.MatchString(sql):
		pattern = references
	case alters.MatchString(sql):
		pattern = alters
	}
	for _, m := range pattern.FindAllStringSubmatch(sql, -1) {
		if name := sqltoken.Unquote(strings.Join(m[1:], "")); !made[name] {
			return name
		}
	}
	return ""
}
