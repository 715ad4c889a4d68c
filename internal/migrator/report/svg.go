package report

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// The parts of a line of text in a box, in characters.
const (
	maxName = 32
	maxType = 34
)

func (b box) title() string { return strings.TrimSpace(string(b.Mark) + " " + clip(b.Name, maxName)) }

// text is a row's line: its mark, its name, its type, its key.
func (r row) text() string {
	mark := string(r.Mark)
	if mark == "" {
		mark = " "
	}
	text := mark + " " + clip(r.Name, maxName)
	if r.Is != (form{}) {
		text += "  " + clip(r.Is.String(), maxType)
	}
	if r.Key != "" {
		text += "  " + r.Key
	}
	return text
}

func (r row) was() string { return "    was " + clip(r.Was.String(), maxType) }

// svg draws the diagram. The page styles it; classes are named after the marks.
func (d diagram) svg() string {
	if len(d.Boxes) == 0 {
		return ""
	}
	l := layoutOf(d)
	var s drawing
	s.printf(`<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="erd-title erd-desc" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f">`,
		l.width, l.height, l.width, l.height)
	s.printf("\n<title id=\"erd-title\">Tables that change and their neighbors</title>\n<desc id=\"erd-desc\">")
	s.text(d.description())
	s.printf("</desc>\n")
	for _, m := range []mark{same, removed, changed, added} {
		for _, p := range l.lines {
			if p.edge.Mark == m {
				s.line(p)
			}
		}
	}
	for _, n := range l.place {
		s.box(d.Boxes[n.box], n)
	}
	s.printf("</svg>\n")
	return s.String()
}

// description is the diagram in words, for screen readers.
func (d diagram) description() string {
	var parts []string
	for _, b := range d.Boxes {
		parts = append(parts, b.Name+" is "+b.Mark.Word())
	}
	for _, e := range d.Edges {
		parts = append(parts, fmt.Sprintf("%s references %s (%s)", d.Boxes[e.From].Name, d.Boxes[e.To].Name, e.Mark.Word()))
	}
	return strings.Join(parts, ", ") + "."
}

// drawing is an SVG that is being written.
type drawing struct{ strings.Builder }

func (s *drawing) printf(format string, args ...any) { fmt.Fprintf(&s.Builder, format, args...) }

// text writes escaped text.
func (s *drawing) text(t string) { _ = xml.EscapeText(&s.Builder, []byte(t)) } // a Builder takes everything

func (s *drawing) label(x, y float64, class, t string) {
	s.printf(`<text x="%.1f" y="%.1f" class="%s" xml:space="preserve">`, x, y, class)
	s.text(t)
	s.printf("</text>\n")
}

// box draws a table with a row for each of its columns.
func (s *drawing) box(b box, n *node) {
	s.printf("<g class=\"box %s\">\n<title>", b.Mark.Word())
	s.text(b.Name + ", " + b.Mark.Word())
	s.printf("</title>\n<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"6\"/>\n", n.x, n.y, n.w, n.h)
	s.printf("<path class=\"rule\" d=\"M%.1f %.1fh%.1f\"/>\n", n.x, n.y+headHeight, n.w)
	s.label(n.x+padding, n.y+19, "name", b.title())
	y := n.y + headHeight
	for _, r := range b.Rows {
		if r.Mark != same {
			s.printf("<rect class=\"row %s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", r.Mark.Word(), n.x+1, y+1, n.w-2, r.height()-1)
		}
		s.label(n.x+padding, y+14, "row "+r.Mark.Word(), r.text())
		if r.Was != (form{}) {
			s.label(n.x+padding, y+rowHeight+13, "was", r.was())
		}
		y += r.height()
	}
	if b.More > 0 {
		s.label(n.x+padding, y+14, "was", "  … "+count(b.More, "more column"))
	}
	s.printf("</g>\n")
}

// line draws a foreign key, with a crow's foot at the referencing table and a bar at
// the referenced one.
func (s *drawing) line(p polyline) {
	s.printf("<g class=\"key %s\">\n<title>", p.edge.Mark.Word())
	s.text(p.edge.Name + ", " + p.edge.Mark.Word())
	s.printf("</title>\n<path d=\"M%.1f %.1f", p.points[0].x, p.points[0].y)
	for _, to := range p.points[1:] {
		s.printf("L%.1f %.1f", to.x, to.y)
	}
	first, last := p.points[0], p.points[len(p.points)-1]
	outward := -1.0
	if p.edge.From == p.edge.To {
		outward = 1
	}
	many, one, manySide, oneSide := first, last, outward, 1.0
	if p.flipped {
		many, one, manySide, oneSide = last, first, 1.0, outward
	}
	s.printf("M%.1f %.1fL%.1f %.1fL%.1f %.1f", many.x, many.y-5, many.x+manySide*10, many.y, many.x, many.y+5)
	s.printf("M%.1f %.1fv10\"/>\n</g>\n", one.x+oneSide*7, one.y-5)
}
