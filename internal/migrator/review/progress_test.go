package review_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/migrator/review"
)

func TestRunSaysWhatItIsDoing(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	p.add(indexFile, index)
	o := p.options()
	o.Selection = review.Selection{Last: 1}
	var said []string
	o.Progress = func(doing string) { said = append(said, doing) }
	run(t, o)
	want := []string{"replaying 1 older files", "reviewing " + indexFile + ", 1 of 1"}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Errorf("said (-want +got):\n%s", diff)
	}
}
