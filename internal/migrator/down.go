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
		Short: "Take back the newest migrations that were applied",
		Long: `Take back the newest migrations that were applied to DATABASE_URL, or to the private
PostgreSQL where it is not set. The way back is computed from what the files do, and
is tried, up, down and up again, in a throwaway PostgreSQL. The files stay, and are
pending afterwards.

Where rows would be lost, --allow-loss has to say so. Where nothing brings back what
a file changed, nothing is done.`,
		Example: `  go run ./cmd/migrate down --dry-run
  go run ./cmd/migrate down --to 20261123011438`,
		Args: exclusive([]string{"last", "to"}),
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Apply.Log = sys.Log()
			return sys.WithDatabase(cmd.Context(), func(db *sql.DB, dir migrate.Dir) error {
				return sys.withDev(cmd.Context(), devURL, func(server *dev.Server) error {
					reverted, err := revert.Down(cmd.Context(), db, server, dir, o)
					return sys.printReverted(reverted, asJSON, err)
				})
			})
		},
	}
	lastFlag(cmd, &o.Count, "take back the last `N` files (default 1)")
	f := cmd.Flags()
	f.Func("to", "take back what comes after this `VERSION`", func(version string) error {
		if o.To = version; version == "" {
			return errors.New("want a version")
		}
		return nil
	})
	f.BoolVar(&o.AllowLoss, "allow-loss", false, "also take back what loses rows")
	f.BoolVar(&o.DryRun, "dry-run", false, "print the statements that would run, and run none")
	devFlag(cmd, &devURL)
	cli.JSONFlag(cmd, &asJSON)
	return cmd
}

// printReverted prints what was taken back, and what wasn't because of err, which
// it returns.
func (sys system) printReverted(all []revert.Reverted, asJSON bool, err error) error {
	if errors.Is(err, revert.ErrLossy) { // what is lost is printed below
		err = fmt.Errorf("%w: --allow-loss goes it nevertheless", revert.ErrLossy)
	}
	if asJSON {
		return errors.Join(err, cli.WriteJSON(sys.Stdout, map[string]any{"files": append([]revert.Reverted{}, all...)}))
	}
	if len(all) == 0 && err == nil {
		fmt.Fprintln(sys.Stdout, "Nothing to do: no migration that was applied comes after that version.")
	}
	for _, r := range all {
		fmt.Fprint(sys.Stdout, printable.Text(reversion(r)))
	}
	return err
}

// reversion is the way back from one file, as SQL with comments.
func reversion(r revert.Reverted) string {
	state := "not taken back"
	if r.Done {
		state = "taken back"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "-- %s: %s, %s\n", r.File, state, r.Revert.Grade)
	for _, lost := range r.Revert.Lost {
		fmt.Fprintf(&b, "-- %s\n", lost)
	}
	for _, statement := range r.Revert.Statements {
		fmt.Fprintf(&b, "%s;\n", strings.TrimSuffix(statement, ";"))
	}
	return b.String()
}
