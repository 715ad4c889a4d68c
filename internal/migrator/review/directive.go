package review

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
)

// suppression is a directive of Atlas that accepts findings, extended by a reason and
// an expiry date:
//
//	-- atlas:nolint DS103 reason="nothing reads it since 3.1" until=2027-01-31
//
// The codes come first, so that the Atlas CLI reads them too; it takes the rest for
// unknown codes.
type suppression struct {
	line      int // of the directive
	statement int // the place of the statement, counted from 1, 0 for the whole file
	rules     []string
	reason    string
	until     time.Time // the last day, zero for ever
	problem   error     // what of it can't be read
	used      bool
}

// directiveRE matches a comment with the directive, in the forms that Atlas reads above
// a statement.
var directiveRE = regexp.MustCompile(`^(?:-- ?|#|/\*)atlas:nolint(?: +(.*?))?\s*(?:\*/)?\s*$`)

// suppressions are the directives of a file: first those of its header, then those of
// the statements.
func suppressions(f migrate.File) ([]*suppression, error) {
	stmts, err := migration.Statements(f)
	if err != nil {
		return nil, err
	}
	var all []*suppression
	for i, comment := range header(f) {
		all = appendDirective(all, comment, 1+i, 0)
	}
	for i, s := range stmts {
		for _, comment := range s.Comments {
			before := f.Bytes()[:s.Pos]
			at := max(0, bytes.LastIndex(before, []byte(comment)))
			all = appendDirective(all, comment, lineAt(f, at), i+1)
		}
	}
	return all, nil
}

func appendDirective(all []*suppression, comment string, line, statement int) []*suppression {
	m := directiveRE.FindStringSubmatch(strings.TrimSpace(comment))
	if m == nil {
		return all
	}
	s := parseDirective(m[1])
	s.line, s.statement = line, statement
	return append(all, s)
}

// header returns the comments at the top of a file that belong to no statement. An
// empty line follows them, as Atlas requires for the directives of a file.
func header(f migrate.File) []string {
	lines := strings.Split(string(f.Bytes()), "\n")
	end := slices.IndexFunc(lines, func(line string) bool {
		return !strings.HasPrefix(line, "--") && !strings.HasPrefix(line, "#")
	})
	switch {
	case end < 0:
		return lines
	case strings.Trim(lines[end], " \t") != "":
		return nil // they belong to the first statement
	}
	return lines[:end]
}

// argumentRE matches one argument of a directive: a code, or a key with a value, which
// is quoted if it has spaces.
var argumentRE = regexp.MustCompile(`^(?:(\w+)=(?:"([^"]*)"|([^\s"]*))|([^\s="]+))(?:\s+|$)`)

// parseDirective reads the arguments of a directive.
func parseDirective(text string) *suppression {
	s := &suppression{}
	for text = strings.TrimSpace(text); text != ""; {
		m := argumentRE.FindStringSubmatch(text)
		if m == nil {
			s.problem = fmt.Errorf("%q is neither a code nor key=value", text)
			return s
		}
		text = text[len(m[0]):]
		if m[4] != "" {
			s.rules = append(s.rules, m[4])
			continue
		}
		s.problem = errors.Join(s.problem, s.set(m[1], m[2]+m[3]))
	}
	return s
}

func (s *suppression) set(key, value string) error {
	switch key {
	case "reason":
		s.reason = strings.TrimSpace(value)
		return nil
	case "until":
		day, err := time.Parse(time.DateOnly, value)
		if err != nil {
			return fmt.Errorf("until=%s isn't a date (want 2027-01-31)", value)
		}
		s.until = day
		return nil
	}
	return fmt.Errorf("unknown key %q (want reason or until)", key)
}

// expired reports whether the last day, in UTC, is over.
func (s *suppression) expired(now time.Time) bool {
	return !s.until.IsZero() && !now.Before(s.until.AddDate(0, 0, 1))
}

// lineAt is the line of the byte at pos, counted from 1.
func lineAt(f migrate.File, pos int) int {
	return 1 + bytes.Count(f.Bytes()[:pos], []byte("\n"))
}
