package report_test

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"commitment/internal/migrator/report"
	"commitment/internal/migrator/review"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// carrier is a way to show a report.
type carrier func(io.Writer, review.Report) error

// carriers are all of them, by the name of what they write.
var carriers = map[string]carrier{
	"terminal.txt":       terminal(report.TerminalOptions{Width: 80}),
	"terminal-color.txt": terminal(report.TerminalOptions{Color: true}),
	"comment.md":         report.Markdown,
	"report.json":        report.JSON,
	"report.sarif":       report.SARIF,
	"github.txt":         report.GitHub,
	"page.html":          report.HTML,
}

func terminal(o report.TerminalOptions) carrier {
	return func(w io.Writer, r review.Report) error { return report.Terminal(w, r, o) }
}

// render returns what a carrier writes.
func render(tb rapid.TB, c carrier, r review.Report) string {
	tb.Helper()
	var b strings.Builder
	if err := c(&b, r); err != nil {
		tb.Fatalf("err = %v, want none", err)
	}
	return b.String()
}

func TestCarriersWriteWhatTheGoldenFilesHave(t *testing.T) {
	t.Parallel()
	for what, r := range map[string]review.Report{"sample": sample(), "empty": empty(), "harmless": harmless()} {
		for name, c := range carriers {
			t.Run(what+" "+name, func(t *testing.T) {
				t.Parallel()
				golden(t, filepath.Join("testdata", what+"-"+name), render(t, c, r))
			})
		}
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run: go test ./internal/migrator/report -update", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); if that is right, run: go test ./internal/migrator/report -update\n%s", path, diff)
	}
}
