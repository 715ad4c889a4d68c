package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"commitment/internal/migration/report"
)

// say writes a line of progress, beside the result.
func (sys System) say(line string) { fmt.Fprintln(sys.Stderr, report.Printable(line)) }

// busy is say for somebody who sits before a terminal and waits.
func (sys System) busy(line string) {
	if _, ok := terminalOf(sys.Stderr); ok {
		sys.say(line + " …")
	}
}

// paced leaves out what comes sooner than some time after what was said before.
func paced(every time.Duration, say func(line string)) func(line string) {
	last := time.Now()
	return func(line string) {
		if now := time.Now(); now.Sub(last) >= every {
			last = now
			say(line)
		}
	}
}

// terminalOf returns the terminal that w writes to, if it is one.
func terminalOf(w io.Writer) (fd int, ok bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	return int(f.Fd()), true
}

// log is where a long operation tells what it is doing.
func (sys System) log() *slog.Logger {
	return slog.New(progress{slog.NewTextHandler(sys.Stderr, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
				return slog.Attr{}
			}
			return a
		},
	})})
}

// progress leaves out what the command prints as its result.
type progress struct{ slog.Handler }

// Handle logs what isn't a result.
func (p progress) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == "migration applied" || r.Message == "migration taken back" {
		return nil
	}
	return p.Handler.Handle(ctx, r)
}

func jsonFlag(cmd *cobra.Command, as *bool) {
	cmd.Flags().BoolVar(as, "json", false, "print JSON, for a program to read")
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// printableError is an error whose text may quote what stands in a file.
type printableError struct{ error }

func (e printableError) Error() string { return report.Printable(e.error.Error()) }

func (e printableError) Unwrap() error { return e.error }

// number is n of something, in words that agree.
func number(n int, singular, plural string) string {
	if n == 1 {
		return "1 " + singular
	}
	return fmt.Sprintf("%d %s", n, plural)
}
