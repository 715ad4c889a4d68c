package migrator

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"github.com/spf13/cobra"

	"commitment/internal/cli"
	"commitment/internal/migrator/dev"
	"commitment/internal/migrator/review/revert"
	"commitment/internal/printable"
)

func downCommand(sys system) *cobra.Command {
	o := revert.DownOptions{Count: 1}
	var (
		devURL string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "down",
		Short: "Revert the newest applied migrations",
		Long: `Revert the newest migrations applied to DATABASE_URL, or to the private PostgreSQL
if that is not set. The statements are computed from what the files do, and are tried
in a throwaway PostgreSQL, on rows that are made for it: apply, revert and apply again.
The files remain, and are pending afterwards. A revert that is written by hand, in the
folder down under the file's name or where the tool has it whose format the files are
in, is run instead, and is tried the same way.

A revert that loses rows needs --allow-loss. If a file can't be reverted, nothing is
done.`,
		Example: `  go run ./cmd/migrate down --dry-run
  go run ./cmd/migrate down --to 20261123011438`,
		Args: exclusive([]string{"last", "to"}),
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := sys.project()
			if err != nil {
				return err
			}
			o.Apply.Log = sys.Log()
			o.Apply.Exclude = append(o.Apply.Exclude, p.Exclude...)
			return sys.WithDatabase(cmd.Context(), func(db *sql.DB, dir migrate.Dir) error {
				return sys.withDev(cmd.Context(), devURL, func(server *dev.Server) error {
					reverted, err := revert.Down(cmd.Context(), db, server, dir, o)
					return sys.printReverted(reverted, asJSON, err)
				})
			})
		},
	}
	lastFlag(cmd, &o.Count, "revert the last `N` files (default 1)")
	f := cmd.Flags()
	f.Func("to", "revert the files after this `VERSION`", func(version string) error {
		if o.To = version; version == "" {
			return errors.New("want a version")
		}
		return nil
	})
	f.BoolVar(&o.AllowLoss, "allow-loss", false, "also revert files whose revert loses rows")
	f.BoolVar(&o.DryRun, "dry-run", false, "only print the statements that would run")
	cli.ExcludeFlag(cmd, &o.Apply.Exclude)
	devFlag(cmd, &devURL)
	cli.JSONFlag(cmd, &asJSON)
	return cmd
}

// printReverted prints the files that were reverted, and those that weren't because of
// err, which it returns.
func (sys system) printReverted(all []revert.Reverted, asJSON bool, err error) error {
	if errors.Is(err, revert.ErrLossy) { // what is lost is printed below
		err = fmt.Errorf("%w: pass --allow-loss to revert anyway", revert.ErrLossy)
	}
	if asJSON {
		return errors.Join(err, cli.WriteJSON(sys.Stdout, map[string]any{"files": append([]revert.Reverted{}, all...)}))
	}
	if len(all) == 0 && err == nil {
		fmt.Fprintln(sys.Stdout, "Nothing to do: no applied migration comes after that version.")
	}
	for _, r := range all {
		fmt.Fprint(sys.Stdout, printable.Text(revertText(r)))
	}
	return err
}

// revertText is the statements that revert one file, as SQL with comments.
func revertText(r revert.Reverted) string {
	state := "not reverted"
	if r.Done {
		state = "reverted"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "-- %s: %s, %s\n", r.File, state, r.Revert.Grade)
	for _, lost := range r.Revert.Lost {
		fmt.Fprintf(&b, "-- %s\n", lost)
	}
	for _, f := range r.Revert.Findings {
		fmt.Fprintf(&b, "-- %s (%s)\n", f.Title, f.Code)
	}
	for _, statement := range r.Revert.Statements {
		fmt.Fprintf(&b, "%s;\n", strings.TrimSuffix(statement, ";"))
	}
	return b.String()
}
