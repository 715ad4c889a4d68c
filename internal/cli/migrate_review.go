package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"commitment/internal/migration/dev"
	"commitment/internal/migration/hazard"
	"commitment/internal/migration/report"
	"commitment/internal/migration/review"
)

// carrier writes a report in one form.
type carrier func(io.Writer, review.Report) error

// carriers are the forms of a report, by the name that selects them.
func (sys System) carriers() map[string]carrier {
	return map[string]carrier{
		"terminal": func(w io.Writer, r review.Report) error { return report.Terminal(w, r, sys.terminal(w)) },
		"markdown": report.Markdown,
		"json":     report.JSON,
		"sarif":    report.SARIF,
		"github":   report.GitHub,
		"html":     report.HTML,
	}
}

// terminal is what w can do. Color is for a terminal alone, and NO_COLOR is heard.
func (sys System) terminal(w io.Writer) report.TerminalOptions {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return report.TerminalOptions{}
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		width = 0
	}
	plain := slices.ContainsFunc(sys.Environ, func(v string) bool {
		return strings.HasPrefix(v, "NO_COLOR=") && v != "NO_COLOR=" || v == "TERM=dumb"
	})
	return report.TerminalOptions{Width: width, Color: !plain}
}

// reviewFlags are what the command line says of a review.
type reviewFlags struct {
	selection review.Selection
	devURL    string
	stats     string
	format    string
	writes    []string
	asJSON    bool
	fix       bool
	patch     bool
}

func reviewCommand(sys System) *cobra.Command {
	var flags reviewFlags
	cmd := &cobra.Command{
		Use:   "review",
		Short: "Say what the new migrations will do to production",
		Long: `Say what the new migrations will do to production: run each of their statements in a
throwaway PostgreSQL, and read there which locks it takes, what it rewrites and scans;
hold the code of this branch and of its base against the schema before and after; and
find the way back. Run it in the project's root.

The files are new that --base doesn't have. An error among the findings, which no
directive accepts, is exit code 1:

  -- atlas:nolint DS103 reason="nobody reads it since 1.4" until=2027-01-31`,
		Example: `  go run ./cmd/commitment migrate review
  go run ./cmd/commitment migrate review --base origin/main --stats stats.json --fix
  go run ./cmd/commitment migrate review --last 1 --write html=review.html --write sarif=review.sarif`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if flags.selection.All || flags.selection.Last > 0 {
				if cmd.Flags().Changed("base") {
					return usageError{review.ErrSelection}
				}
				flags.selection.Base = ""
			}
			return sys.review(cmd.Context(), flags)
		},
	}
	baseFlag(cmd, &flags.selection.Base)
	devFlag(cmd, &flags.devURL)
	jsonFlag(cmd, &flags.asJSON)
	f := cmd.Flags()
	f.IntVar(&flags.selection.Last, "last", 0, "review the last `N` files instead of those that the base doesn't have")
	f.BoolVar(&flags.selection.All, "all", false, "review all files instead of those that the base doesn't have")
	f.StringVar(&flags.stats, "stats", "", "a `FILE` that \"migrate stats\" wrote, to estimate durations by")
	f.StringVar(&flags.format, "format", "terminal", "what is printed: "+strings.Join(sys.formats(), ", "))
	f.StringArrayVar(&flags.writes, "write", nil, "write the report to a file, too, as in html=review.html; may be repeated")
	f.BoolVar(&flags.fix, "fix", false, "rewrite the new files into their safe forms where there is one, and review them again")
	f.BoolVar(&flags.patch, "patch", false, "print what --fix would do, for \"git apply\", instead of the report")
	cmd.MarkFlagsMutuallyExclusive("last", "all")
	cmd.MarkFlagsMutuallyExclusive("fix", "patch")
	cmd.MarkFlagsMutuallyExclusive("json", "format")
	return cmd
}

func (sys System) formats() []string { return slices.Sorted(maps.Keys(sys.carriers())) }

func (sys System) review(ctx context.Context, flags reviewFlags) error {
	if flags.asJSON {
		flags.format = "json"
	}
	outputs, err := sys.outputs(flags)
	if err != nil {
		return usageError{err}
	}
	snapshot, err := readStats(flags.stats)
	if err != nil {
		return err
	}
	dir, err := openDir()
	if err != nil {
		return err
	}
	return sys.withDev(ctx, flags.devURL, func(server *dev.Server) error {
		o := review.Options{Dir: dir, Root: ".", Dev: server, Selection: flags.selection, Stats: snapshot}
		r, err := sys.reviewed(ctx, o, flags.fix)
		if err != nil {
			return err
		}
		if flags.patch {
			return sys.printPatch(ctx, r, dir)
		}
		for _, write := range outputs {
			if err := write(r); err != nil {
				return err
			}
		}
		return verdict(r)
	})
}

// reviewed reviews, and when something was fixed reviews what came of it.
func (sys System) reviewed(ctx context.Context, o review.Options, fix bool) (review.Report, error) {
	r, err := review.Run(ctx, o)
	if err != nil || !fix {
		return r, selectionError(err)
	}
	names, err := review.Fix(r, o.Dir)
	if err != nil || len(names) == 0 {
		return r, err
	}
	for _, name := range names {
		sys.say(fmt.Sprintf("wrote %s/%s", migrations, name))
	}
	return review.Run(ctx, o)
}

// selectionError makes an error of whoever typed the command what it is.
func selectionError(err error) error {
	if errors.Is(err, review.ErrSelection) {
		return usageError{err}
	}
	return err
}

func (sys System) printPatch(ctx context.Context, r review.Report, dir *migrate.LocalDir) error {
	patch, err := review.Patch(ctx, r, dir)
	if err == nil && patch == "" {
		sys.say("Nothing to do: no finding can be fixed by rule.")
	}
	fmt.Fprint(sys.Stdout, patch)
	return err
}

// outputs are what is to be written of a report.
func (sys System) outputs(flags reviewFlags) ([]func(review.Report) error, error) {
	carriers := sys.carriers()
	carry, ok := carriers[flags.format]
	if !ok {
		return nil, fmt.Errorf("--format %s: want one of %s", flags.format, strings.Join(sys.formats(), ", "))
	}
	all := []func(review.Report) error{func(r review.Report) error { return carry(sys.Stdout, r) }}
	for _, w := range flags.writes {
		format, path, _ := strings.Cut(w, "=")
		carry, ok := carriers[format]
		if !ok || path == "" {
			return nil, fmt.Errorf("--write %s: want a form and a file, as in html=review.html; the forms are %s", w, strings.Join(sys.formats(), ", "))
		}
		all = append(all, func(r review.Report) error { return writeFile(path, r, carry) })
	}
	return all, nil
}

func writeFile(path string, r review.Report, carry carrier) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return carry(f, r)
}

// verdict is an error when the report has one that no directive accepts.
func verdict(r review.Report) error {
	if !r.Failed() {
		return nil
	}
	n := 0
	for _, f := range r.All() {
		if f.Severity == hazard.Error && f.Suppressed == "" {
			n++
		}
	}
	if n == 1 {
		return errors.New("the review found an error")
	}
	return fmt.Errorf("the review found %d errors", n)
}
