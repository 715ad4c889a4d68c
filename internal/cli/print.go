package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"commitment/internal/printable"
)

// Say writes a line of progress, beside the result.
func (sys System) Say(line string) { fmt.Fprintln(sys.Stderr, printable.Text(line)) }

// Busy is Say for somebody who sits before a terminal and waits.
func (sys System) Busy(line string) {
	if _, ok := Terminal(sys.Stderr); ok {
		sys.Say(line + " …")
	}
}

// Terminal returns the terminal that w writes to, if it is one.
func Terminal(w io.Writer) (fd int, ok bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	return int(f.Fd()), true
}

// Log is where a long operation tells what it is doing.
func (sys System) Log() *slog.Logger {
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

// JSONFlag is for a command whose result a program may read.
func JSONFlag(cmd *cobra.Command, as *bool) {
	cmd.Flags().BoolVar(as, "json", false, "print JSON, for a program to read")
}

// WriteJSON writes a result for a program.
func WriteJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// printableError is an error whose text may quote what stands in a file.
type printableError struct{ error }

func (e printableError) Error() string { return printable.Text(e.error.Error()) }

func (e printableError) Unwrap() error { return e.error }

// Number is n of something, in words that agree.
func Number(n int, singular, plural string) string {
	if n == 1 {
		return "1 " + singular
	}
	return fmt.Sprintf("%d %s", n, plural)
}
