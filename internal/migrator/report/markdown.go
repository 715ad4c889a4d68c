package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/hazard"
)

// Marker is the first line of the Markdown. It is invisible, and identifies the comment
// to update.
const Marker = "<!-- commitment migrate review -->"

// maxComment is the longest comment that GitHub accepts, in characters. We count bytes,
// of which there are never fewer.
const maxComment = 65536

// cutNote ends a comment that was cut. Room is reserved for it.
const cutNote = "\n**%s left out**, because GitHub limits the length of a comment. `" + reviewCommand + "` shows everything, as do the formats json, sarif and html.\n"

// Markdown writes the report as a comment on a pull request: a summary, then the
// details, folded. If it would be longer than GitHub accepts, whole parts of the
// details are left out, and the comment says so.
func Markdown(w io.Writer, r review.Report) error {
	v := newView(r)
	c := comment{room: maxComment - len(cutNote) - 20}
	c.add(Marker + "\n" + heading(v))
	c.add(filesTable(v))
	c.add(worst(v))
	c.fold("The directory", cardParts(v.Findings))
	for _, f := range v.Files {
		c.fold(inElement(f.Name)+": "+f.Tally.String(), fileParts(f))
	}
	c.fold("Tables that change", diagramParts(v.Diagram))
	c.fold("Accepted findings", acceptedParts(v.Accepted))
	_, err := io.WriteString(w, c.end())
	return err
}

// comment is Markdown of limited length.
type comment struct {
	b    strings.Builder
	room int // bytes
	left int // parts that found none
}

// add writes a part if there is room for it.
func (c *comment) add(part string) {
	if part == "" {
		return
	}
	if c.b.Len()+len(part)+1 > c.room {
		c.left++
		return
	}
	c.b.WriteString(part + "\n")
}

// fold writes parts that are shown when the reader opens them.
func (c *comment) fold(summary string, parts []string) {
	const end = "\n</details>\n"
	begin := "<details><summary>" + summary + "</summary>\n\n"
	if len(parts) == 0 {
		return
	}
	if c.b.Len()+len(begin)+len(end)+len(parts[0])+2 > c.room {
		c.left += len(parts)
		return
	}
	c.b.WriteString(begin)
	c.room -= len(end) + 1
	for _, p := range parts {
		c.add(p)
	}
	c.room += len(end) + 1
	c.b.WriteString(end + "\n")
}

func (c *comment) end() string {
	if c.left > 0 {
		fmt.Fprintf(&c.b, cutNote, count(c.left, "part"))
	}
	return c.b.String()
}

// inElement is code inside of an HTML element, where Markdown isn't parsed.
func inElement(s string) string { return "<code>" + elements.Replace(line(s)) + "</code>" }

var elements = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "@<!-- -->", "#", "#<!-- -->")

func heading(v view) string {
	sign := map[string]string{stop: "❌", read: "⚠️", pass: "✅"}[v.Verdict.Outcome]
	var b strings.Builder
	b.WriteString("## Migration review\n\n" + sign + " **" + markdown(v.Verdict.Text) + "**\n")
	for i, s := range v.Verdict.Next {
		if i == 0 {
			b.WriteString("\n")
		}
		if i == 10 {
			fmt.Fprintf(&b, "- and %s, below\n", count(len(v.Verdict.Next)-i, "step"))
			break
		}
		b.WriteString("- " + s.Text + " " + code(clip(s.Code, 200)) + "\n")
	}
	var facts []string
	for _, f := range v.Facts {
		facts = append(facts, f.Name+": "+markdown(clip(f.Text, 200)))
	}
	return b.String() + "\n" + strings.Join(facts, " · ") + "\n"
}

func filesTable(v view) string {
	if len(v.Files) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("| migration | findings | blocks | deploy | revert |\n|---|---|---|---|---|\n")
	for i, f := range v.Files {
		if i == 50 {
			fmt.Fprintf(&b, "| and %s | | | | |\n", count(len(v.Files)-i, "more migration"))
			break
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", cellText(linked(clip(f.Name, 120), f.Link)), f.Tally,
			cellText(markdown(f.Timeline.Blocks())), cellText(markdown(f.Deploy.Order)), cellText(markdown(f.Revert.Grade)))
	}
	return b.String()
}

// linked is code that links to an address, if there is one.
func linked(text, address string) string {
	if address == "" {
		return code(text)
	}
	return "[" + code(text) + "](<" + address + ">)"
}

// maxCards is how many statements [worst] lists: with the rest of the summary and the
// headings of the details, a comment on ten files fits a page.
const maxCards = 20

// worst lists the statements with errors and warnings, a line each.
func worst(v view) string {
	cards := slices.Clone(v.Findings)
	for _, f := range v.Files {
		cards = append(cards, f.Findings...)
	}
	slices.SortStableFunc(cards, func(a, b card) int { return cmp.Compare(rank(a.Severity), rank(b.Severity)) })
	var lines []string
	for _, c := range cards {
		if rank(c.Severity) < rank(hazard.Note) {
			lines = append(lines, fmt.Sprintf("- **%s** %s %s: %s\n", c.Severity, code(strings.Join(c.Codes(), " ")), linked(clip(c.Place, 120), c.Link), markdown(clip(c.Title, 200))))
		}
	}
	if len(lines) > maxCards {
		lines = append(lines[:maxCards], fmt.Sprintf("- and %d more, below\n", len(lines)-maxCards))
	}
	return strings.Join(lines, "")
}

func cardParts(cards []card) []string {
	var parts []string
	for _, c := range cards {
		parts = append(parts, cardPart(c))
	}
	return parts
}

func cardPart(c card) string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s** %s at %s: **%s**\n", markdown(string(c.Severity)), code(c.Code), linked(c.Place, c.Link), markdown(c.Title))
	writeFinding(&b, c.finding)
	for _, f := range c.Others {
		fmt.Fprintf(&b, "\n**%s** %s: **%s**\n", markdown(string(f.Severity)), code(f.Code), markdown(f.Title))
		writeFinding(&b, f)
	}
	if c.Fix != "" {
		b.WriteString("\n" + fenced("sql", c.Fix))
	}
	if c.Moves {
		b.WriteString("\n" + markdown(c.Move()) + "\n")
	}
	if about := aboutCodes(c); about != "" {
		b.WriteString("\n" + about + "\n")
	}
	return b.String()
}

func writeFinding(b *strings.Builder, f finding) {
	for _, s := range []string{markdown(strings.Join(f.Facts, " · ")), markdown(f.Reason), markdown(f.Advice)} {
		if s != "" {
			b.WriteString("\n" + s + "\n")
		}
	}
}

// aboutCodes links to the pages of a card's codes, or names the command that prints
// them.
func aboutCodes(c card) string {
	var links []string
	for _, f := range c.All() {
		link := "[About " + markdown(f.Code) + "](<" + f.Docs + ">)"
		if f.Docs != "" && !slices.Contains(links, link) {
			links = append(links, link)
		}
	}
	switch {
	case len(links) > 0:
		return strings.Join(links, " · ")
	case c.More() != "":
		return "More: " + code(c.More())
	default:
		return ""
	}
}

func acceptedParts(findings []finding) []string {
	var parts []string
	for _, f := range findings {
		parts = append(parts, fmt.Sprintf("- %s at %s: %s. Reason: %s", code(f.Code), code(f.Place), markdown(f.Title), markdown(f.Suppressed)))
	}
	return parts
}

func diagramParts(d diagram) []string {
	var parts []string
	for _, state := range []struct {
		name  string
		after bool
	}{{"Before", false}, {"After", true}} {
		if text := d.mermaid(state.after); text != "" {
			parts = append(parts, state.name+":\n\n```mermaid\n"+text+"```\n")
		}
	}
	if d.Left > 0 {
		parts = append(parts, count(d.Left, "more table")+" not drawn.\n")
	}
	return parts
}
