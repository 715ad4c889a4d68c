package review

import (
	"slices"
	"testing"
)

func TestCodesAreUniqueAndExplained(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range Codes() {
		if seen[c.Code] || c.Title == "" {
			t.Errorf("%+v is there twice, or says nothing", c)
		}
		seen[c.Code] = true
	}
	if !seen[codeBehind] || !seen["PG101"] {
		t.Error("the codes of files and those of hazards aren't both there")
	}
}

func TestTimedCodesAreKnown(t *testing.T) {
	t.Parallel()
	if i := slices.IndexFunc(timed, func(code string) bool { return !known(code) }); i >= 0 {
		t.Errorf("%s is no code", timed[i])
	}
}
