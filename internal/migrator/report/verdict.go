package report

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/compat"
	"commitment/internal/migrator/review/hazard"
)

// tally counts findings. Accepted ones, which a directive suppresses, are in no
// other number.
type tally struct {
	Errors, Warnings, Notes, Accepted int
	// Fixable are the errors and warnings that a command can mend, and Stuck the
	// errors that it can't.
	Fixable, Stuck int
}

func tallyOf(findings []hazard.Finding) tally {
	var t tally
	for _, f := range findings {
		switch {
		case f.Suppressed != "":
			t.Accepted++
			continue
		case f.Severity == hazard.Error:
			t.Errors++
		case f.Severity == hazard.Warning:
			t.Warnings++
		default:
			t.Notes++
			continue
		}
		switch {
		case len(f.Fix) > 0:
			t.Fixable++
		case f.Severity == hazard.Error:
			t.Stuck++
		}
	}
	return t
}

// String names what there is: "2 errors, 1 note".
func (t tally) String() string {
	var parts []string
	for _, p := range []struct {
		n    int
		noun string
	}{{t.Errors, "error"}, {t.Warnings, "warning"}, {t.Notes, "note"}} {
		if p.n > 0 {
			parts = append(parts, count(p.n, p.noun))
		}
	}
	if t.Accepted > 0 {
		parts = append(parts, fmt.Sprintf("%d accepted", t.Accepted))
	}
	if len(parts) == 0 {
		return "no findings"
	}
	return strings.Join(parts, ", ")
}

// The outcomes of a review, as the page's style sheet names them.
const (
	stop = "stop"
	read = "read"
	pass = "pass"
)

// verdict is the first thing that a reader sees.
type verdict struct {
	Outcome string // stop, read or pass
	Text    string
	Next    []step // what to do, in order
}

// step is one thing to do, with what to type for it.
type step struct{ Text, Code string }

func verdictOf(r review.Report) verdict {
	t := tallyOf(r.All())
	found := t.String()
	if len(r.Files) > 0 {
		found += " in " + count(len(r.Files), "migration")
	}
	switch {
	case r.Failed():
		return verdict{stop, "Not ready: " + found + ".", next(r, t)}
	case len(r.Files) == 0 && t == tally{}:
		return verdict{pass, "Nothing to review: no migrations among " + selection(r.Base) + ".", nil}
	case t.Warnings > 0:
		return verdict{read, "Can be applied, once this is read: " + found + ".", next(r, t)}
	default:
		return verdict{pass, "Can be applied: " + found + ".", next(r, t)}
	}
}

// next is what a reader should do about a review, in order.
func next(r review.Report, t tally) []step {
	var steps []step
	for _, f := range r.Files {
		for _, s := range f.Statements {
			if s.Err != nil {
				steps = append(steps, step{"Mend the statement that fails first; nothing behind it was tried:", placeOf(f.Name, s.Line)})
			}
		}
	}
	if t.Fixable > 0 {
		steps = append(steps, step{"Let the safe form of " + count(t.Fixable, "finding") + " be written:", reviewCommand + selecting(r.Base) + " --fix"})
	}
	if t.Stuck > 0 {
		steps = append(steps, stuck(t.Stuck))
	}
	return append(steps, deployment(r.Files)...)
}

// deployment says what of the order isn't left to the reader.
func deployment(files []review.File) []step {
	names := map[compat.Order][]string{}
	for _, f := range files {
		if f.Compat != nil {
			names[f.Compat.Order] = append(names[f.Compat.Order], line(f.Name))
		}
	}
	var steps []step
	for _, s := range []struct {
		order compat.Order
		text  string
	}{
		{compat.TwoReleases, "Split over two releases, for old and new code don't both run on one side of it:"},
		{compat.CodeFirst, "Deploy the new code everywhere before this is applied:"},
		{compat.MigrationFirst, "Apply this before the new code is deployed:"},
	} {
		if len(names[s.order]) > 0 {
			steps = append(steps, step{s.text, few(names[s.order])})
		}
	}
	return steps
}

// few names the first of many.
func few(names []string) string {
	if len(names) > 4 {
		names = append(names[:3:3], fmt.Sprintf("%d more", len(names)-3))
	}
	return list(names)
}

// selection says which files were reviewed.
func selection(base string) string {
	base = line(base)
	if base == "all files" || strings.HasPrefix(base, "the last ") {
		return base
	}
	return "the files that are new against " + base
}

// lastFiles is a selection by number.
var lastFiles = regexp.MustCompile(`^the last (?:(\d+) files|file)$`)

// selecting are the flags that select the same files, for who types the command. That
// of a name which a shell could take for more is left to them.
func selecting(base string) string {
	last := lastFiles.FindStringSubmatch(base)
	switch {
	case base == "all files":
		return " --all"
	case last != nil:
		return " --last " + cmp.Or(last[1], "1")
	case base == "" || base == "main":
		return ""
	case !plainRef.MatchString(base):
		return " --base REF"
	}
	return " --base " + base
}

// plainRef is a name of git's without anything that means something elsewhere.
var plainRef = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*$`)

// stuck is what to do about errors that no command mends.
func stuck(n int) step {
	text := fmt.Sprintf("%d errors have no fix by rule: change what they name, or accept each by a line above the statement:", n)
	if n == 1 {
		text = "1 error has no fix by rule: change what it names, or accept it by a line above the statement:"
	}
	return step{text, "-- atlas:nolint CODE reason=WHY until=DATE"}
}

// placeOf is a line of a file, or the file.
func placeOf(file string, number int) string {
	if number == 0 {
		return line(file)
	}
	return fmt.Sprintf("%s:%d", line(file), number)
}
