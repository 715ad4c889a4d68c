package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/hazard"
)

// TerminalOptions describe the terminal.
type TerminalOptions struct {
	// Width is the terminal's width in columns, at least 40. Defaults to 100.
	Width int
	// Color allows colors, which never carry meaning alone. Defaults to false.
	Color bool
}

// Terminal writes the report for a person at a terminal: the verdict, then each file.
// Statements and commands, which may be copied, are never broken into lines.
func Terminal(w io.Writer, r review.Report, o TerminalOptions) error {
	t := terminal{width: max(40, cmp.Or(o.Width, 100)), color: o.Color}
	t.report(newView(r))
	_, err := io.WriteString(w, t.b.String())
	return err
}

// The colors of a terminal.
const (
	bold   = "1"
	dim    = "2"
	red    = "1;31"
	green  = "1;32"
	yellow = "1;33"
	cyan   = "1;36"
)

type terminal struct {
	b     strings.Builder
	width int
	color bool
	// explained says that the signs of [lane.Bar] were.
	explained bool
}

func (t *terminal) paint(color, s string) string {
	if !t.color || color == "" || s == "" {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

// text writes a paragraph, its first line after lead and the others below it.
func (t *terminal) text(lead, s, color string) { t.labeled(lead, "", s, color) }

// labeled is text with a separate color for its lead.
func (t *terminal) labeled(lead, leadColor, s, color string) {
	indent := columnsOf(lead)
	word := strings.TrimRight(lead, " ")
	lead = t.paint(leadColor, word) + lead[len(word):]
	for i, l := range wrap(s, max(20, t.width-indent)) {
		if i > 0 {
			lead = strings.Repeat(" ", indent)
		}
		t.b.WriteString(strings.TrimRight(lead+t.paint(color, l), " ") + "\n")
	}
}

// code writes statements as they are.
func (t *terminal) code(indent, sql string) {
	for l := range strings.Lines(sql) {
		t.b.WriteString(indent + t.paint(dim, strings.TrimRight(l, " \n")) + "\n")
	}
}

func (t *terminal) gap() { t.b.WriteString("\n") }

func (t *terminal) report(v view) {
	t.text("", v.Verdict.Text, map[string]string{stop: red, read: yellow, pass: green}[v.Verdict.Outcome])
	for _, s := range v.Verdict.Next {
		t.text("  → ", s.Text, "")
		t.code("      ", s.Code)
	}
	t.gap()
	for _, f := range v.Facts {
		t.text(fmt.Sprintf("%-12s", f.Name), f.Text, "")
	}
	for _, c := range v.Findings {
		t.gap()
		t.card(c)
	}
	for _, f := range v.Files {
		t.file(f)
	}
	t.accepted(v.Accepted)
}

func (t *terminal) file(f file) {
	t.gap()
	t.text("", f.Name, bold)
	t.text("  Findings  ", f.Tally.String(), "")
	t.text("  Deploy    ", f.Deploy.Order+". "+f.Deploy.Text, "")
	for _, b := range f.Deploy.Breaks() {
		t.text("            - ", b.What+": "+b.Error, "")
	}
	t.text("  Revert    ", strings.TrimSpace(f.Revert.Grade+". "+f.Revert.Text+" "+f.Revert.Proof()), "")
	for _, s := range f.Revert.Lost {
		t.text("            - ", s, "")
	}
	t.blocked(f.Timeline)
	for _, c := range f.Findings {
		t.gap()
		t.card(c)
	}
	if len(f.Statements) > 0 {
		t.gap()
		t.statements(f)
	}
}

// blocked draws who is blocked, and when.
func (t *terminal) blocked(l timeline) {
	if len(l.Lanes) == 0 {
		t.text("  Blocked   ", "nobody", "")
		return
	}
	total := l.Total
	if !t.explained {
		t.explained, total = true, total+"; "+legend
	}
	t.text("  Blocked   ", total, "")
	indent, widest := strings.Repeat(" ", 12), 0
	if t.width < 72 {
		indent = "    "
	}
	for _, lane := range l.Lanes {
		widest = max(widest, columnsOf(clip(lane.Relation, t.width/4)))
	}
	for _, lane := range l.Lanes {
		name := clip(lane.Relation, t.width/4)
		pad := strings.Repeat(" ", widest-columnsOf(name))
		t.text(indent+name+pad+"  "+lane.Bar(t.width/5)+"  ", lane.Total, "")
	}
}

// card writes what was found about a statement, with one fix for all of it.
func (t *terminal) card(c card) {
	color := map[hazard.Severity]string{hazard.Error: red, hazard.Warning: yellow}
	t.labeled(fmt.Sprintf("  %-8s ", strings.ToUpper(line(string(c.Severity)))), cmp.Or(color[c.Severity], cyan), c.Code+" "+c.Place, "")
	t.finding(c.finding)
	for _, f := range c.Others {
		t.labeled("    and ", "", f.Code+", "+line(string(f.Severity)), cmp.Or(color[f.Severity], cyan))
		t.finding(f)
	}
	if c.Fix != "" {
		t.code("      ", c.Fix)
	}
	t.paragraph(c.Move())
	if more := c.More(); more != "" {
		t.code("    ", "More: "+more)
	}
}

func (t *terminal) finding(f finding) {
	t.text("    ", f.Title, bold)
	t.paragraph(strings.Join(f.Facts, " · "))
	t.paragraph(f.Reason)
	t.paragraph(f.Advice)
}

func (t *terminal) paragraph(s string) {
	if s != "" {
		t.text("    ", s, "")
	}
}

// statements is the table of what each statement of a file does.
func (t *terminal) statements(f file) {
	left := max(12, (t.width-10)*2/5)
	right := max(12, t.width-10-left)
	t.b.WriteString("  " + t.paint(bold, fmt.Sprintf("%4s  %-*s  %s", "line", left, "statement", "what it does")) + "\n")
	for _, s := range f.Statements {
		sql := wrap(clip(s.Short, 2*left), left)
		effects := wrap(joined(s.Effects()), right)
		for i := range max(len(sql), len(effects)) {
			number := ""
			if i == 0 {
				number = fmt.Sprint(s.Line)
			}
			cell := at(sql, i)
			pad := strings.Repeat(" ", max(0, left-columnsOf(cell)))
			t.b.WriteString(strings.TrimRight(fmt.Sprintf("  %4s  %s%s  %s", number, cell, pad, at(effects, i)), " ") + "\n")
		}
	}
	t.text("  ", f.Mode, dim)
}

// at is an element, or empty past the last.
func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

func (t *terminal) accepted(findings []finding) {
	if len(findings) == 0 {
		return
	}
	t.gap()
	t.text("", "Accepted by a directive", bold)
	for _, f := range findings {
		t.text("  ", f.Code+" "+f.Place+" "+f.Title, "")
		t.text("    because: ", f.Suppressed, "")
	}
}
