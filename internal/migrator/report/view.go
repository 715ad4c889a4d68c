package report

import (
	"strings"
	"time"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/review"
)

// view is a report in the words that people read. Its texts are clean; a format only
// has to escape its own syntax.
type view struct {
	Verdict  verdict
	Facts    []fact
	Findings []card // the directory's
	Files    []file
	Accepted []finding // all of them
	Changes  []change
	Diagram  diagram
}

type fact struct{ Name, Text string }

// file is one migration with its open findings, the worst first.
type file struct {
	Name       string
	Link       string // its address, where it is known
	Mode       string // how its statements are committed
	Tally      tally
	Deploy     deploy
	Findings   []card
	Statements []statement
	Timeline   timeline
	Revert     reverting
}

// change is one object that the new files add, drop or alter.
type change struct {
	Mark          mark
	Object        string // with its kind and table
	Before, After string
}

func newView(r review.Report) view {
	v := view{
		Verdict: verdictOf(r),
		Facts:   factsOf(r),
		Changes: shownChanges(r.Changes),
		Diagram: diagramOf(r),
	}
	v.Findings = cardsOf(r, review.File{}, r.Findings)
	for _, f := range r.Files {
		v.Files = append(v.Files, shownFile(r, f))
	}
	v.Accepted = acceptedOf(r)
	return v
}

func factsOf(r review.Report) []fact {
	facts := []fact{
		{"Migrations", line(r.Dir)},
		{"Reviewed", selection(r.Base)},
		{"Measured on", line(r.Server)},
	}
	if r.StatsTaken.IsZero() {
		return append(facts, fact{"Sizes", "unknown: migrate stats reads them from production"})
	}
	return append(facts, fact{"Sizes", "production at " + r.StatsTaken.UTC().Format(time.RFC3339)})
}

func shownFile(r review.Report, f review.File) file {
	shown := file{
		Name:     line(f.Name),
		Link:     linkTo(r, f.Name, 0),
		Mode:     "One transaction: locks are held until the last statement has run.",
		Tally:    tallyOf(f.Findings),
		Deploy:   shownDeploy(f.Compat, f.Phase),
		Timeline: timelineOf(f),
		Revert:   shownRevert(f.Revert),
	}
	if !f.Transaction {
		shown.Mode = "No transaction: each statement is committed by itself, so earlier ones remain after a failure."
	}
	shown.Findings = cardsOf(r, f, f.Findings)
	for _, s := range f.Statements {
		shown.Statements = append(shown.Statements, shownStatement(s))
	}
	return shown
}

func shownChanges(changes []catalog.Change) []change {
	var shown []change
	for _, c := range changes {
		object := line(string(c.Kind)) + " " + line(c.Name)
		if c.Table != "" && c.Kind != catalog.KindTable {
			object += " of " + line(c.Table)
		}
		shown = append(shown, change{markOf(c), strings.TrimSpace(object), block(c.Before), block(c.After)})
	}
	return shown
}
