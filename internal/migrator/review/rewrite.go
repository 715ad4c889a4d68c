package review

import (
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
	"commitment/internal/migrator/plan"
)

// rewrite replaces statements of f by steps, in one file or several. Comments stay with
// their statements.
func rewrite(f migrate.File, version string, stmts []*migrate.Stmt, fixes map[int][]plan.Step) ([]migrate.File, error) {
	_, name, _ := strings.Cut(strings.TrimSuffix(f.Name(), ".sql"), "_")
	within, err := migration.InTransaction(f)
	if err != nil {
		return nil, err
	}
	written, err := plan.Files(version, name, stepsOf(f, !within, stmts, fixes))
	if err != nil {
		return nil, err
	}
	for i, part := range written {
		head := header(f)
		if i > 0 {
			head = slices.DeleteFunc(head, func(line string) bool { return directiveRE.FindString(line) == "" })
		}
		written[i] = withHeader(part, head)
	}
	if rest := tail(f, stmts); rest != "" {
		last := written[len(written)-1]
		written[len(written)-1] = migrate.NewLocalFile(last.Name(), append(slices.Clip(last.Bytes()), rest...))
	}
	return written, nil
}

// stepsOf are the statements of f after fixing. The others stay in a transaction or
// outside of one, as they were.
func stepsOf(f migrate.File, alone bool, stmts []*migrate.Stmt, fixes map[int][]plan.Step) []plan.Step {
	var steps []plan.Step
	end := 0
	for i, s := range stmts {
		if i == 0 {
			end = len(strings.Join(header(f), "\n"))
		}
		comment := comments(string(f.Bytes()[end:s.Pos]), s.Comments)
		end = s.Pos + len(s.Text)
		fix := slices.Clone(fixes[i+1])
		if len(fix) == 0 {
			fix = []plan.Step{{SQL: s.Text, Alone: alone}}
		}
		fix[0].Comment = strings.Trim(comment+"\n"+fix[0].Comment, "\n")
		steps = append(steps, fix...)
	}
	return steps
}

// comments are the comment lines between two statements, without their marks. A
// directive separated from the statement by an empty line had no effect, and must not
// get one.
func comments(gap string, attached []string) string {
	var kept []string
	for line := range strings.Lines(gap) {
		line = strings.TrimSpace(line)
		effective := slices.ContainsFunc(attached, func(c string) bool { return strings.TrimSpace(c) == line })
		if line == "" || directiveRE.MatchString(line) && !effective {
			continue
		}
		kept = append(kept, strings.TrimSpace(strings.TrimPrefix(line, "--")))
	}
	return strings.Join(kept, "\n")
}

// tail is what follows the last statement.
func tail(f migrate.File, stmts []*migrate.Stmt) string {
	last := stmts[len(stmts)-1]
	return strings.TrimLeft(string(f.Bytes()[last.Pos+len(last.Text):]), "\n \t")
}

// withHeader puts the lines of a header before the file, except for the directive of
// the transaction mode, which plan writes.
func withHeader(f migrate.File, lines []string) migrate.File {
	lines = slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return strings.Contains(line, "atlas:txmode") })
	if len(lines) == 0 {
		return f
	}
	text := strings.Join(lines, "\n") + "\n"
	if len(header(f)) == 0 {
		text += "\n"
	}
	return migrate.NewLocalFile(f.Name(), append([]byte(text), f.Bytes()...))
}
