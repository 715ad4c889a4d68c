package migrator

import (
	"slices"
	"testing"
	"time"
)

func TestPacedLeavesOutWhatComesTooSoon(t *testing.T) {
	t.Parallel()
	for every, want := range map[time.Duration][]string{0: {"a", "b"}, time.Hour: nil} {
		var said []string
		say := throttled(every, func(line string) { said = append(said, line) })
		say("a")
		say("b")
		if !slices.Equal(said, want) {
			t.Errorf("said every %v = %q, want %q", every, said, want)
		}
	}
}
