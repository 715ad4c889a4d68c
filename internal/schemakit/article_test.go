package schemakit

import (
	"strings"
	"testing"
)

func TestWithArticle(t *testing.T) {
	t.Parallel()
	for _, want := range []string{
		"an author", "an entry", "an item", "an order", "an update", "an upload", "an unread message", "an uninstall", "an unimportant note", "an hour", "an honor",
		"a user", "a usage", "a unit", "a union", "a university", "a utility", "a one time code", "a European", "a house", "a task",
	} {
		_, noun, _ := strings.Cut(want, " ")
		if got := WithArticle(noun); got != want {
			t.Errorf("WithArticle(%q) = %q, want %q", noun, got, want)
		}
	}
}
