package cli_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/pgtest"
)

// TestResourcesChapter runs the examples of the chapter about resources.
func TestResourcesChapter(t *testing.T) {
	t.Parallel()
	programs := pgtest.Programs(t).Dir
	steps := readSteps(t, "../../docs/resources.md", "# Resources\n")
	reader := reader{dir: pgtest.ReachableDir(t), programs: programs, address: "127.0.0.1:0"}
	printed := reader.follow(t, append([]step{{script: startCommand}}, steps...))
	var shown strings.Builder
	for _, s := range steps {
		shown.WriteString(s.output)
	}
	if diff := cmp.Diff(normalize(shown.String()), normalize(printed)); diff != "" {
		t.Errorf("the chapter shows (-) what isn't printed (+):\n%s", diff)
	}
}
