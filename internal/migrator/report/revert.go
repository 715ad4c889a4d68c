package report

import (
	"strings"

	"commitment/internal/migrator/review/revert"
)

// reverting is a [revert.Plan] as it is shown, with clean text.
type reverting struct {
	Grade    string
	Text     string
	Lost     []string
	SQL      string
	Replayed bool
}

func shownRevert(r revert.Plan) reverting {
	w := reverting{Grade: line(string(r.Grade)), Text: gradeText(r.Grade), Lost: lines(r.Lost), Replayed: r.Replayed}
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

// Proof says whether the revert was tried.
func (w reverting) Proof() string {
	switch {
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
		return "No rule finds the statements. Write them by hand, in a file of the same name in the folder " + revert.Folder + "."
	case revert.Impossible:
		return "No statement restores the old state: restore a backup, or write a new migration."
	default:
		return ""
	}
}
