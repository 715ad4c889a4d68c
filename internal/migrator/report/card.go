package report

import (
	"slices"
	"strings"

	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/hazard"
)

// card is what was found about one statement, or about a file as a whole: the worst
// finding, the others, and what to do about all of them.
type card struct {
	finding
	Others []finding
	Fix    string // statements, each with its comment above it
	// FixFiles says that the fix takes files of its own, and Moves that it is only that:
	// the statement stays as it is.
	FixFiles, Moves bool
}

// cardsOf are the open findings, a card for each statement, the worst first.
func cardsOf(r review.Report, file review.File, findings []hazard.Finding) []card {
	type place struct {
		file            string
		line, statement int
	}
	var cards []card
	at := map[place]int{}
	for _, f := range worstFirst(findings) {
		if f.Suppressed != "" {
			continue
		}
		p := place{f.File, f.Line, f.Statement}
		i, known := at[p]
		if !known || f.Line == 0 {
			i = len(cards)
			at[p] = i
			cards = append(cards, card{finding: shownFinding(r, f)})
		} else {
			cards[i].Others = append(cards[i].Others, cards[i].without(shownFinding(r, f)))
		}
		cards[i].fix(f, file)
	}
	return cards
}

// without is a finding without what the card says already.
func (c card) without(f finding) finding {
	for _, shown := range append([]finding{c.finding}, c.Others...) {
		if shown.Reason == f.Reason {
			f.Reason = ""
		}
		if strings.HasPrefix(shown.Advice, f.Advice) {
			f.Advice = ""
		}
		if slices.Equal(shown.Facts, f.Facts) {
			f.Facts = nil
		}
	}
	return f
}

// fix takes the fix of a finding as --fix does: the first that does more than move the
// statement.
func (c *card) fix(f hazard.Finding, file review.File) {
	switch moves := f.OnlyMoves(statementOf(f, file)); {
	case len(f.Fix) == 0 || c.Fix != "":
	case moves:
		c.Moves = true
	default:
		c.Fix, c.FixFiles, c.Moves = script(f.Fix), slices.ContainsFunc(f.Fix, apart), false
	}
}

// statementOf is the statement that a finding is about, or empty.
func statementOf(f hazard.Finding, file review.File) string {
	for i, s := range file.Statements {
		if i+1 == f.Statement || f.Statement == 0 && s.Line == f.Line {
			return s.SQL
		}
	}
	return ""
}

// All are the findings of the card, the worst first.
func (c card) All() []finding { return append([]finding{c.finding}, c.Others...) }

// Codes are the codes of the findings, each once.
func (c card) Codes() []string {
	var codes []string
	for _, f := range c.All() {
		if !slices.Contains(codes, f.Code) {
			codes = append(codes, f.Code)
		}
	}
	return codes
}

// Move says what --fix does, if that is only to move the statement.
func (c card) Move() string {
	if !c.Moves {
		return ""
	}
	return "--fix moves the statement to a file of its own."
}

// More is the command that prints the pages about the codes, or empty.
func (c card) More() string {
	var known []string
	for _, f := range c.All() {
		if f.Explain != "" && !slices.Contains(known, f.Code) {
			known = append(known, f.Code)
		}
	}
	if len(known) == 0 {
		return ""
	}
	more := explainCommand + " " + known[0]
	if len(known) > 1 {
		more += ", or " + strings.Join(known[1:], ", ")
	}
	return more
}

// headed is a card under a heading of some level.
type headed struct {
	card
	Level int
}

// At puts the card under a heading of that level.
func (c card) At(level int) headed { return headed{c, level} }
