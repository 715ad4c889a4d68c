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

// Say prints a line of progress to standard error.
func (sys System) Say(line string) { fmt.Fprintln(sys.Stderr, printable.Text(line)) }

// Progress is Say, if standard error is a terminal: somebody may be waiting.
func (sys System) Progress(line string) {
	if _, ok := Terminal(sys.Stderr); ok {
		sys.Say(line + " …")
	}
}

// Terminal returns the file descriptor of w if it is a terminal.
func Terminal(w io.Writer) (fd int, ok bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	return int(f.Fd()), true
}

// Log returns the logger of long operations, on standard error.
func (sys System) Log() *slog.Logger {
	return slog.New(progressHandler{slog.NewTextHandler(sys.Stderr, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
				return slog.Attr{}
			}
			return a
		},
	})})
}

// progressHandler drops the records that the command prints as its result.
type progressHandler struct{ slog.Handler }

// Handle logs a record unless it is a result.
func (p progressHandler) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == "migration applied" || r.Message == "migration reverted" {
		return nil
	}
	return p.Handler.Handle(ctx, r)
}

// JSONFlag adds --json to a command.
func JSONFlag(cmd *cobra.Command, as *bool) {
	cmd.Flags().BoolVar(as, "json", false, "print JSON")
}

// WriteJSON writes a result as JSON.
func WriteJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// printableError is an error whose text may quote the contents of a file.
type printableError struct{ error }

func (e printableError) Error() string { return printable.Text(e.error.Error()) }

func (e printableError) Unwrap() error { return e.error }

// Count returns n with the noun in the right number.
func Count(n int, singular, plural string) string {
	if n == 1 {
		return "1 " + singular
	}
	return fmt.Sprintf("%d %s", n, plural)
}
