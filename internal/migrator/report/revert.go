package report

import (
	"strings"

	"commitment/internal/migrator/review/revert"
)

// reverting is a [revert.Plan] as it is shown, with clean text.
type reverting struct {
	Grade    string
	Text     string
	Lost     []string // what is lost, then what the statements block
	SQL      string
	ByHand   string
	Replayed bool
	OnRows   bool
}

func shownRevert(r revert.Plan) reverting {
	w := reverting{Grade: line(string(r.Grade)), Text: gradeText(r.Grade), Lost: lines(r.Lost), ByHand: line(r.ByHand), Replayed: r.Replayed, OnRows: r.OnRows}
	for _, f := range r.Findings {
		text := f.Title + " (" + f.Code
		if f.Estimate != "" {
			text += ", " + f.Estimate
		}
		w.Lost = append(w.Lost, line(text+")"))
	}
	var statements []string
	for _, s := range r.Statements {
		statements = append(statements, withSemicolon(block(s)))
	}
	w.SQL = strings.Join(statements, "\n")
	if w.Grade == "" {
		w.Grade, w.Text = "not known", "No revert was computed."
	}
	return w
}

// Proof says where the statements are from and whether they were tried.
func (w reverting) Proof() string {
	if w.ByHand != "" {
		return "Written by hand in " + w.ByHand + ". " + w.proof()
	}
	return w.proof()
}

func (w reverting) proof() string {
	switch {
	case w.OnRows:
		return "Tried on rows: apply, revert and apply again gave equal schemas."
	case w.Replayed:
		return "Tried: apply, revert and apply again gave equal schemas."
	case w.SQL != "":
		return "Not tried."
	default:
		return ""
	}
}

func gradeText(g revert.Grade) string {
	switch g {
	case revert.Lossless:
		return "Schema and rows are restored."
	case revert.Lossy:
		return "The schema is restored, but rows are lost."
	case revert.Manual:
		return "No rule reverts it. Write the statements by hand, in a file of the same name in the folder down."
	case revert.Impossible:
		return "No statement restores the old state: restore a backup, or write a new migration."
	default:
		return ""
	}
}
