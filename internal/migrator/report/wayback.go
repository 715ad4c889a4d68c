package report

import (
	"strings"

	"commitment/internal/migrator/review/revert"
)

// wayBack is a [revert.Plan] as it is shown, its text clean.
type wayBack struct {
	Grade    string
	Text     string
	Lost     []string
	SQL      string
	Replayed bool
}

func shownWayBack(r revert.Plan) wayBack {
	w := wayBack{Grade: line(string(r.Grade)), Text: gradeText(r.Grade), Lost: lines(r.Lost), Replayed: r.Replayed}
	var statements []string
	for _, s := range r.Statements {
		statements = append(statements, terminated(block(s)))
	}
	w.SQL = strings.Join(statements, "\n")
	if w.Grade == "" {
		w.Grade, w.Text = "not known", "No way back was looked for."
	}
	return w
}

// Proof says whether the way back was tried.
func (w wayBack) Proof() string {
	switch {
	case w.Replayed:
		return "Tried: up, down and up again gave equal schemas."
	case w.SQL != "":
		return "Not tried."
	default:
		return ""
	}
}

func gradeText(g revert.Grade) string {
	switch g {
	case revert.Lossless:
		return "Schema and rows can be had back as they were."
	case revert.Lossy:
		return "The schema can be had back, rows are lost."
	case revert.Impossible:
		return "No statement brings back what was; restore from a backup, or go forward."
	default:
		return ""
	}
}
