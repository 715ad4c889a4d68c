package review

import (
	"regexp"
	"testing"
)

func TestRulesAreUniqueAndExplained(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	slug := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	for _, r := range Rules() {
		if seen[r.Code] || seen[r.Slug] || r.Title == "" {
			t.Errorf("%s, %s: is there twice, or says nothing", r.Code, r.Slug)
		}
		if !slug.MatchString(r.Slug) {
			t.Errorf("%s has the slug %q, want words with hyphens", r.Code, r.Slug)
		}
		seen[r.Code], seen[r.Slug] = true, true
	}
	if !seen[codeBehind] || !seen["PG101"] {
		t.Error("the rules of files and those of hazards aren't both there")
	}
}
