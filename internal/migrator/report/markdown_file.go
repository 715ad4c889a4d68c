package report

import (
	"fmt"
	"strings"
)

// fileParts are the details of a migration, the most important first.
func fileParts(f file) []string {
	parts := cardParts(f.Findings)
	if len(f.Timeline.Lanes) > 0 {
		parts = append(parts, blockedPart(f.Timeline))
	}
	parts = append(parts, "**Deploy:** "+markdown(f.Deploy.Order)+". "+markdown(f.Deploy.Text)+"\n")
	if f.Deploy.Known() {
		parts = append(parts, matrix(f.Deploy))
	}
	for _, b := range f.Deploy.Breaks() {
		parts = append(parts, markdown(b.What+": "+b.Error)+"\n\n"+fenced("sql", b.SQL))
	}
	parts = append(parts, statementParts(f)...)
	return append(parts, revertPart(f.Revert))
}

// blockedPart draws who is blocked, and when.
func blockedPart(t timeline) string {
	var b strings.Builder
	b.WriteString("**Blocked:** " + markdown(t.Total) + "; " + legend + "\n\n| table | when | what, and how long |\n|---|---|---|\n")
	for i, l := range t.Lanes {
		if i == rowsPerTable {
			fmt.Fprintf(&b, "| and %s | | |\n", count(len(t.Lanes)-i, "more"))
			break
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s |\n", cellText(code(clip(l.Relation, 120))), l.Bar(40), cellText(markdown(l.Total)))
	}
	return b.String()
}

// matrix is how old and new code work before and after the file.
func matrix(d deploy) string {
	var b strings.Builder
	b.WriteString("| | before the file | after the file |\n|---|---|---|\n")
	for _, r := range d.Rows {
		fmt.Fprintf(&b, "| %s code | %s | %s |\n", r.Name, works(r.Before), works(r.After))
	}
	return b.String()
}

// works says how code works, in a word.
func works(breaks []broken) string {
	if len(breaks) == 0 {
		return "works"
	}
	var what []string
	for _, b := range breaks {
		what = append(what, markdown(b.What))
	}
	if len(what) > 5 {
		what = append(what[:5], fmt.Sprintf("%d more", len(what)-5))
	}
	return "**breaks**: " + cellText(strings.Join(what, ", "))
}

// rowsPerTable splits a long table, so that a comment that is cut keeps some of it.
const rowsPerTable = 25

// statementParts are tables of what each statement does.
func statementParts(f file) []string {
	const head = "| line | statement | what it does |\n|--:|---|---|\n"
	var parts []string
	var b strings.Builder
	for i, s := range f.Statements {
		if i%rowsPerTable == 0 {
			b.Reset()
			b.WriteString(head)
		}
		fmt.Fprintf(&b, "| %d | %s | %s |\n", s.Line, cellText(code(clip(s.Short, 120))), cellText(markdown(clip(joined(s.Effects()), 600))))
		if i%rowsPerTable == rowsPerTable-1 || i == len(f.Statements)-1 {
			parts = append(parts, b.String())
		}
	}
	if len(parts) > 0 {
		parts = append(parts, f.Mode+"\n")
	}
	return parts
}

func revertPart(w reverting) string {
	var b strings.Builder
	b.WriteString("**Revert:** " + markdown(strings.TrimSpace(w.Grade+". "+w.Text+" "+w.Proof())) + "\n")
	for _, s := range w.Lost {
		b.WriteString("- " + markdown(clip(s, 300)) + "\n")
	}
	if w.SQL != "" {
		b.WriteString("\n" + fenced("sql", w.SQL))
	}
	return b.String()
}
