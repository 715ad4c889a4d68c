package cli

import (
	"database/sql"
	"fmt"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"github.com/spf13/cobra"

	"commitment/internal/migration/dev"
	"commitment/internal/migration/reverse"
)

func downCommand(sys System) *cobra.Command {
	var (
		o      reverse.DownOptions
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
		Example: `  commitment migrate down --dry-run
  commitment migrate down --to 20261123011438`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Apply.Log = sys.log()
			return sys.withDatabase(cmd.Context(), func(db *sql.DB, dir migrate.Dir) error {
				return sys.withDev(cmd.Context(), devURL, func(server *dev.Server) error {
					reverted, err := reverse.Down(cmd.Context(), db, server, dir, o)
					if perr := sys.printReverted(reverted, asJSON); err == nil {
						err = perr
					}
					return err
				})
			})
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.Count, "last", 1, "take back the last `N` files")
	f.StringVar(&o.To, "to", "", "take back what comes after this `VERSION`")
	f.BoolVar(&o.AllowLoss, "allow-loss", false, "also take back what loses rows")
	f.BoolVar(&o.DryRun, "dry-run", false, "print the statements that would run, and run none")
	cmd.MarkFlagsMutuallyExclusive("last", "to")
	devFlag(cmd, &devURL)
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (sys System) printReverted(all []reverse.Reverted, asJSON bool) error {
	if asJSON {
		return writeJSON(sys.Stdout, map[string]any{"files": all})
	}
	if len(all) == 0 {
		fmt.Fprintln(sys.Stdout, "Nothing to do: no migration is applied.")
	}
	for _, r := range all {
		state := "not taken back"
		if r.Done {
			state = "taken back"
		}
		fmt.Fprintf(sys.Stdout, "-- %s: %s, %s\n", r.File, state, r.Reverse.Grade)
		for _, lost := range r.Reverse.Lost {
			fmt.Fprintf(sys.Stdout, "-- %s\n", lost)
		}
		for _, statement := range r.Reverse.Statements {
			fmt.Fprintln(sys.Stdout, strings.TrimSuffix(statement, ";")+";")
		}
	}
	return nil
}
