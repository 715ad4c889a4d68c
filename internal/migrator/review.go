package migrator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"ariga.io/atlas/sql/migrate"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"commitment/internal/cli"
	"commitment/internal/migrator/dev"
	"commitment/internal/migrator/files"
	"commitment/internal/migrator/report"
	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/hazard"
)

// renderer writes a report in one format.
type renderer func(io.Writer, review.Report) error

// renderers are the formats of a report, by name.
func (sys system) renderers() map[string]renderer {
	return map[string]renderer{
		"terminal": func(w io.Writer, r review.Report) error { return report.Terminal(w, r, sys.terminal(w)) },
		"markdown": report.Markdown,
		"json":     report.JSON,
		"sarif":    report.SARIF,
		"github":   report.GitHub,
		"html":     report.HTML,
	}
}

// terminal describes w. Only a terminal gets color, and none with NO_COLOR.
func (sys system) terminal(w io.Writer) report.TerminalOptions {
	fd, ok := cli.Terminal(w)
	if !ok {
		return report.TerminalOptions{}
	}
	width, _, err := term.GetSize(fd)
	if err != nil {
		width = 0
	}
	plain := env(sys.Environ, "NO_COLOR") != "" || env(sys.Environ, "TERM") == "dumb"
	return report.TerminalOptions{Width: width, Color: !plain}
}

// reviewFlags are the flags of a review.
type reviewFlags struct {
	selection review.Selection
	devURL    string
	stats     string
	format    string
	writes    []string
	asJSON    bool
	fix       bool
	patch     bool
	precheck  bool
}

func reviewCommand(sys system) *cobra.Command {
	var flags reviewFlags
	cmd := &cobra.Command{
		Use:   "review",
		Short: "Report what the new migrations will do to production",
		Long: `Report what the new migrations will do to production: run each statement in a
throwaway PostgreSQL and read which locks it takes and what it rewrites and scans; try
the code of this branch and of its base on the schema before and after; and find out
how to revert the files.

New files are those that --base doesn't have. A finding that is an error is exit code
1, unless a directive accepts it:

  -- atlas:nolint DS103 reason="nobody reads it since 1.4" until=2027-01-31`,
		Example: `  go run ./cmd/migrate review
  go run ./cmd/migrate review --base origin/main --stats stats.json --fix
  go run ./cmd/migrate review --last 1 --write html=review.html --write sarif=review.sarif`,
		Args: exclusive([]string{"base", "last", "all"}, []string{"fix", "patch"}, []string{"json", "format", "patch", "precheck"},
			[]string{"write", "patch"}, []string{"write", "precheck"}),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if flags.selection.All || flags.selection.Last > 0 {
				flags.selection.Base = ""
			}
			return sys.review(cmd.Context(), flags)
		},
	}
	baseFlag(cmd, &flags.selection.Base)
	devFlag(cmd, &flags.devURL)
	cli.JSONFlag(cmd, &flags.asJSON)
	lastFlag(cmd, &flags.selection.Last, "review the last `N` files")
	f := cmd.Flags()
	f.BoolVar(&flags.selection.All, "all", false, "review all files")
	f.StringVar(&flags.stats, "stats", "", "a `FILE` written by \"migrate stats\", for estimates of durations")
	f.StringVar(&flags.format, "format", "terminal", "the `FORM` to print: "+strings.Join(sys.formats(), ", "))
	f.StringArrayVar(&flags.writes, "write", nil, "also write the report to a file (`FORM=FILE`), such as html=review.html; can be repeated")
	f.BoolVar(&flags.fix, "fix", false, "rewrite the new files into their safe forms, and review them again")
	f.BoolVar(&flags.patch, "patch", false, "print the changes of --fix as a patch for \"git apply\", instead of the report")
	f.BoolVar(&flags.precheck, "precheck", false, "print the queries that tell what would fail on production's rows, as a read-only script, instead of the report")
	return cmd
}

func (sys system) formats() []string { return slices.Sorted(maps.Keys(sys.renderers())) }

func (sys system) review(ctx context.Context, flags reviewFlags) error {
	if flags.asJSON {
		flags.format = "json"
	}
	outputs, err := sys.outputs(flags)
	if err != nil {
		return cli.Usage(err)
	}
	snapshot, err := readStats(flags.stats)
	if err != nil {
		return err
	}
	p, err := sys.project()
	if err != nil {
		return err
	}
	dir, err := sys.openDir()
	if err != nil {
		return err
	}
	if flags.fix || flags.patch {
		if _, err := dir.Writable(); err != nil {
			return cli.Usage(err)
		}
	}
	return sys.withDev(ctx, flags.devURL, func(server *dev.Server) error {
		o := review.Options{Dir: dir, Root: p.Root, Schema: p.Schema, Dev: server, Selection: flags.selection, Stats: snapshot, Source: source(sys.Environ), Progress: throttled(3*time.Second, sys.Progress)}
		sys.Progress("reviewing")
		r, err := sys.reviewAndFix(ctx, o, flags.fix)
		if err != nil {
			return err
		}
		if flags.patch {
			return sys.printPatch(ctx, r, dir.LocalDir)
		}
		if flags.precheck {
			return review.WritePrechecks(sys.Stdout, r.Prechecks())
		}
		for _, write := range outputs {
			if err := write(r); err != nil {
				return err
			}
		}
		return verdict(r)
	})
}

const nothingFixed = "Nothing to fix: no finding has an automatic fix."

// source is where GitHub shows the files of the commit that a workflow runs on; empty
// outside of a workflow.
func source(environ []string) string {
	server, repository, commit := env(environ, "GITHUB_SERVER_URL"), env(environ, "GITHUB_REPOSITORY"), env(environ, "GITHUB_SHA")
	if server == "" || repository == "" || commit == "" {
		return ""
	}
	return server + "/" + repository + "/blob/" + commit + "/"
}

func env(environ []string, name string) string {
	for _, v := range environ {
		if value, found := strings.CutPrefix(v, name+"="); found {
			return value
		}
	}
	return ""
}

// asUsage turns an error about the selection, or about the base that it names, into an
// error of usage.
func asUsage(err error) error {
	if _, ok := errors.AsType[*files.BaseError](err); ok || errors.Is(err, review.ErrSelection) {
		return cli.Usage(err)
	}
	return err
}

// reviewAndFix reviews and, if something was fixed, reviews again.
func (sys system) reviewAndFix(ctx context.Context, o review.Options, fix bool) (review.Report, error) {
	r, err := review.Run(ctx, o)
	if err != nil || !fix {
		return r, asUsage(err)
	}
	written, more, err := sys.fix(r, o.Dir.LocalDir)
	if err != nil || !written {
		return r, err
	}
	if o.Selection.Last > 0 {
		o.Selection.Last += more
	}
	return review.Run(ctx, o)
}

// fix writes the safe forms, and returns how many files were added.
func (sys system) fix(r review.Report, dir *migrate.LocalDir) (written bool, more int, err error) {
	before, err := dir.Files()
	if err != nil {
		return false, 0, err
	}
	names, err := review.Fix(r, dir)
	if err != nil {
		return false, 0, err
	}
	if len(names) == 0 {
		sys.Say(nothingFixed)
		return false, 0, nil
	}
	for _, name := range names {
		sys.Say("wrote " + dir.Path() + "/" + name)
	}
	after, err := dir.Files()
	return true, len(after) - len(before), err
}

func (sys system) printPatch(ctx context.Context, r review.Report, dir *migrate.LocalDir) error {
	patch, err := review.Patch(ctx, r, dir)
	if err != nil {
		return err
	}
	if patch == "" {
		sys.Say(nothingFixed)
	}
	_, err = io.WriteString(sys.Stdout, patch)
	return err
}

// outputs write a report in all requested formats.
func (sys system) outputs(flags reviewFlags) ([]func(review.Report) error, error) {
	carriers := sys.renderers()
	carry, ok := carriers[flags.format]
	if !ok {
		return nil, fmt.Errorf("unknown --format %q (want one of %s)", flags.format, strings.Join(sys.formats(), ", "))
	}
	all := []func(review.Report) error{func(r review.Report) error { return carry(sys.Stdout, r) }}
	for _, w := range flags.writes {
		format, path, _ := strings.Cut(w, "=")
		carry, ok := carriers[format]
		if !ok || path == "" {
			return nil, fmt.Errorf("invalid --write %q (want FORM=FILE, such as html=review.html; the forms are %s)", w, strings.Join(sys.formats(), ", "))
		}
		all = append(all, func(r review.Report) error { return writeFile(path, r, carry) })
	}
	return all, nil
}

func writeFile(path string, r review.Report, carry renderer) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return carry(f, r)
}

// verdict returns an error if the report has one that no directive accepts.
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
	return fmt.Errorf("the review found %s", cli.Count(n, "error", "errors"))
}
