// Package report renders a review for its readers: on a terminal, in a pull request, in
// an editor, for a program, as a page. It renders a [review.Report] and decides
// nothing: its content was found by the packages below. It opens no files and no
// connections.
//
// Names, statements and a server's messages come from whoever wrote the migration. No
// format lets them become more than text: no markup, no control sequence, no workflow
// command.
package report

import (
	"fmt"
	"strings"
)

// reviewCommand runs the review again.
const reviewCommand = "go run ./cmd/migrate review"

// explainCommand prints the page about a code.
const explainCommand = "go run ./cmd/migrate explain"

// count is a number with its noun: "1 error", "2 errors".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// list joins words as a sentence does: "a", "a and b", "a, b and c".
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
