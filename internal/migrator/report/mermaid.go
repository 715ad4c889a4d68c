package report

import (
	"fmt"
	"strings"
	"unicode"
)

// mermaid is the diagram in Mermaid's language, before or after the new files; empty if
// there is nothing.
func (d diagram) mermaid(after bool) string {
	gone := added
	if after {
		gone = removed
	}
	var b strings.Builder
	for i, t := range d.Boxes {
		if t.Mark != gone {
			t.mermaid(&b, i, after)
		}
	}
	if b.Len() == 0 {
		return ""
	}
	for _, e := range d.Edges {
		if e.Mark != gone {
			fmt.Fprintf(&b, "  t%d }o--|| t%d : \"%s\"\n", e.From, e.To, label(e.Name))
		}
	}
	return "erDiagram\n" + b.String()
}

// mermaid writes a table. Its identifier is a number, because a name can be anything.
func (t box) mermaid(b *strings.Builder, number int, after bool) {
	fmt.Fprintf(b, "  t%d[\"%s\"] {\n", number, label(t.Name))
	for _, r := range t.Rows {
		if !r.Column || after && r.Mark == removed || !after && r.Mark == added {
			continue
		}
		b.WriteString("    " + r.mermaid(t.Mark, after) + "\n")
	}
	b.WriteString("  }\n")
}

// mermaid is a column. Its comment says what changes, unless the whole table was added
// or dropped.
func (r row) mermaid(table mark, after bool) string {
	is := r.Is
	if r.Was != (form{}) && !after {
		is = r.Was
	}
	text := identifier(is.Type) + " " + identifier(r.Name)
	if r.Key != "" {
		text += " " + r.Key
	}
	switch {
	case r.Mark == same || r.Mark == table && table != changed:
	case r.Mark == changed && after:
		text += ` "` + label("changed, was "+r.Was.String()) + `"`
	default:
		text += ` "` + r.Mark.Word() + `"`
	}
	return text
}

// identifier is a name or type as an attribute in Mermaid.
func identifier(s string) string {
	s = strings.Map(func(r rune) rune {
		if letter(r) || '0' <= r && r <= '9' || strings.ContainsRune("_()[]-", r) {
			return r
		}
		return '_'
	}, clip(s, 40))
	if s == "" || !letter([]rune(s)[0]) {
		return "_" + s
	}
	return s
}

// letter reports whether Mermaid's grammar has the character among its letters.
func letter(r rune) bool {
	return unicode.IsLetter(r) && (r < 0x80 || 0xC0 <= r && r < 0x10000)
}

// label is text between Mermaid's quotes.
func label(s string) string {
	s = strings.Map(func(r rune) rune {
		if strings.ContainsRune("\"<>&#;%`\\{}", r) {
			return '_'
		}
		return r
	}, clip(s, 60))
	if strings.TrimSpace(s) == "" {
		return "_"
	}
	return s
}
