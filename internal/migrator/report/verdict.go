package report

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"commitment/internal/migration"
	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/compat"
	"commitment/internal/migrator/review/hazard"
)

// tally counts findings. Those that a directive accepts are in no other number.
type tally struct {
	Errors, Warnings, Notes, Accepted int
	// Fixable are the errors and warnings that --fix can fix, and Unfixable the errors
	// that it can't.
	Fixable, Unfixable int
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
			t.Unfixable++
		}
	}
	return t
}

// String is a summary such as "2 errors, 1 note".
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

// The outcomes of a review, which are also names in the style sheet.
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

// step is one thing to do, with the command for it.
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
		return verdict{pass, "Nothing to review among " + selection(r.Base) + ".", nil}
	case t.Warnings > 0:
		return verdict{read, "Can be applied after reading this: " + found + ".", next(r, t)}
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
				steps = append(steps, step{"Fix the failing statement first; later ones weren't tried:", placeOf(f.Name, s.Line)})
			}
		}
	}
	switch safe := "Write the safe form of " + count(t.Fixable, "finding"); {
	case t.Fixable > 0 && r.ReadOnly:
		steps = append(steps, step{safe + ":", "copy it from below"})
	case t.Fixable > 0:
		steps = append(steps, step{safe + ":", reviewCommand + selecting(r.Base) + " --fix"})
	}
	if t.Unfixable > 0 {
		steps = append(steps, unfixable(t.Unfixable))
	}
	return append(steps, deployment(r.Files)...)
}

// deployment says in which order to deploy, where it matters.
func deployment(files []review.File) []step {
	const (
		match    = "Make the entities and the files match, because the new code breaks after:"
		split    = "Split over two releases, because no order suits old and new code:"
		expand   = "Apply before deploying the new code (migrate apply --phase expand):"
		between  = "Deploy the new code everywhere before applying:"
		contract = "Apply when no old code is left (migrate apply --phase contract):"
	)
	names := map[string][]string{}
	add := func(text string, f review.File) { names[text] = append(names[text], line(f.Name)) }
	for _, f := range files {
		var order compat.Order
		if f.Compat != nil {
			order = f.Compat.Order
		}
		switch {
		case order == compat.NewBreaks:
			add(match, f)
		case order == compat.TwoReleases:
			add(split, f)
		case f.Phase == migration.Contract:
			add(contract, f)
		case order == compat.MigrationFirst:
			add(expand, f)
		case order == compat.CodeFirst:
			add(between, f)
		}
	}
	var steps []step
	for _, text := range []string{match, split, expand, between, contract} {
		if len(names[text]) > 0 {
			steps = append(steps, step{text, few(names[text])})
		}
	}
	return steps
}

// few lists the first of many.
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
	return "the files that " + base + " doesn't have"
}

// lastFiles is a selection by number.
var lastFiles = regexp.MustCompile(`^the last (?:(\d+) files|file)$`)

// selecting are the flags that select the same files, for the command line. A name that
// a shell could interpret is left out.
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

// plainRef matches a git ref without characters that mean something to a shell.
var plainRef = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*$`)

// unfixable is what to do about errors that --fix can't fix.
func unfixable(n int) step {
	text := fmt.Sprintf("%d errors have no automatic fix: change the statements, or accept each with a line above it:", n)
	if n == 1 {
		text = "1 error has no automatic fix: change the statement, or accept it with a line above it:"
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
