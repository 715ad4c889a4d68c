package revert

import (
	"regexp"
	"slices"
	"strings"
)

// blank finds comments, and strings within which nothing is to be found.
var blank = regexp.MustCompile(`(?s)--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'`)

// words are the words and signs of a statement, in lower case.
func words(statement string) []string {
	return sign.FindAllString(strings.ToLower(blank.ReplaceAllString(statement, " '' ")), -1)
}

var sign = regexp.MustCompile(`"(?:[^"]|"")*"|[\w$.]+|[^\s\w]`)

// changesRows reports whether a statement is of the kinds that do, by itself or in
// what it calls.
func changesRows(statement string) bool {
	w := words(statement)
	return len(w) > 0 && slices.Contains([]string{"insert", "update", "delete", "merge", "truncate", "copy", "with", "select", "do", "call", "execute"}, w[0])
}

// assigned are the columns that a plain UPDATE sets, and nil for any other
// statement.
func assigned(statement string) []string {
	w := words(statement)
	set := slices.Index(w, "set")
	if len(w) == 0 || w[0] != "update" || set < 0 {
		return nil
	}
	var columns []string
	depth, next := 0, true
	for i, word := range w[set+1:] {
		switch {
		case word == "(":
			if next {
				return nil // several columns at once
			}
			depth++
		case word == ")":
			depth--
		case depth > 0:
		case word == ",":
			next = true
		case word == "where" || word == "from" || word == "returning":
			return columns
		case next && i+set+2 < len(w) && w[i+set+2] == "=":
			columns, next = append(columns, unquoted(word)), false
		}
	}
	return columns
}

func unquoted(name string) string {
	return strings.ReplaceAll(strings.Trim(name, `"`), `""`, `"`)
}
