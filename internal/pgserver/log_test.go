package pgserver

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLog(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "postgres.log")
	t.Run("shows the last lines since the start only", func(t *testing.T) {
		check(t, os.WriteFile(path, []byte("an earlier start\n"), 0o600))
		log, err := openLog(path)
		check(t, err)
		defer log.close()
		if got := log.tail(); got != "" {
			t.Errorf("tail = %q, want none", got)
		}
		for n := range 100 {
			fmt.Fprintf(log.file, "line %d\n", n)
		}
		tail := log.tail()
		if strings.Contains(tail, "earlier") || strings.Contains(tail, "line 79\n") || !strings.HasSuffix(tail, strings.Join(lines(80, 99), "\n")) {
			t.Errorf("tail = %q, want lines 80 to 99", tail)
		}
	})
	t.Run("is truncated when it is large", func(t *testing.T) {
		check(t, os.Truncate(path, logLimit+1))
		log, err := openLog(path)
		check(t, err)
		defer log.close()
		info, err := log.file.Stat()
		check(t, err)
		if info.Size() != 0 {
			t.Errorf("size = %d, want 0", info.Size())
		}
	})
}

func lines(from, to int) []string {
	var all []string
	for n := from; n <= to; n++ {
		all = append(all, fmt.Sprintf("line %d", n))
	}
	return all
}
