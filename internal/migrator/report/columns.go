package report

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// clip truncates text to a number of columns, with an ellipsis.
func clip(s string, columns int) string {
	if columnsOf(s) <= columns {
		return s
	}
	used := 0
	for i, r := range s {
		used += columnsOfRune(r)
		if used > columns-1 {
			return strings.TrimRight(s[:i], " ") + "…"
		}
	}
	return s
}

// columnsOf is the width of text on a terminal.
func columnsOf(s string) int {
	n := 0
	for _, r := range s {
		n += columnsOfRune(r)
	}
	return n
}

// columnsOfRune is 2 for wide East Asian characters and 0 for combining marks.
func columnsOfRune(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	default:
		return 1
	}
}

// wrap breaks text into lines of at most that many columns, at white space if possible.
// It returns at least one line.
func wrap(s string, columns int) []string {
	var lines []string
	current := ""
	for word := range strings.FieldsSeq(s) {
		if current != "" && columnsOf(current)+1+columnsOf(word) <= columns {
			current += " " + word
			continue
		}
		if current != "" {
			lines = append(lines, current)
		}
		pieces := chop(word, columns)
		lines = append(lines, pieces[:len(pieces)-1]...)
		current = pieces[len(pieces)-1]
	}
	return append(lines, current)
}

// chop splits a word that is longer than a line.
func chop(word string, columns int) []string {
	var pieces []string
	start, used := 0, 0
	for i, r := range word {
		w := columnsOfRune(r)
		if used+w > columns && i > start {
			pieces = append(pieces, word[start:i])
			start, used = i, 0
		}
		used += w
	}
	return append(pieces, word[start:])
}
