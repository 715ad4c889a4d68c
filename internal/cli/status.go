package cli

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"ariga.io/atlas/sql/migrate"
	"github.com/spf13/cobra"

	"commitment/internal/migration"
	"commitment/internal/migration/catalog"
	"commitment/internal/printable"
)

// Drift returns the differences between a database and the schema that its applied
// files make: nil if it wasn't asked to compare, and an empty list if there are none.
type Drift func(ctx context.Context, db *sql.DB, dir migrate.Dir) ([]catalog.Change, error)

// StatusCommand returns the command that shows which migrations are applied and
// pending, and, unless drift is nil, what has drifted.
func StatusCommand(sys System, drift Drift) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show which migrations are applied and which are pending",
		Long: `Show which migrations are applied to DATABASE_URL, or to the private PostgreSQL if
that is not set, and which are pending.`,
		Example: "  commitment migrate status",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return sys.WithDatabase(cmd.Context(), func(db *sql.DB, dir migrate.Dir) error {
				status, err := migration.ReadStatus(cmd.Context(), db, dir)
				if err != nil {
					return err
				}
				var changes []catalog.Change
				if drift != nil {
					if changes, err = drift(cmd.Context(), db, dir); err != nil {
						return err
					}
				}
				return sys.printStatus(status, changes, asJSON)
			})
		},
	}
	JSONFlag(cmd, &asJSON)
	return cmd
}

// revisionJSON is a revision in JSON output.
type revisionJSON struct {
	Version     string    `json:"version"`
	Description string    `json:"description"`
	Applied     int       `json:"applied"`
	Total       int       `json:"total"`
	ExecutedAt  time.Time `json:"executed_at"`
	Seconds     float64   `json:"seconds"`
	Error       string    `json:"error,omitempty"`
}

func revisionsJSON(revs []*migrate.Revision) []revisionJSON {
	all := make([]revisionJSON, 0, len(revs))
	for _, rev := range revs {
		all = append(all, revisionJSON{
			rev.Version, rev.Description, rev.Applied, rev.Total, rev.ExecutedAt.UTC(), rev.ExecutionTime.Seconds(), rev.Error,
		})
	}
	return all
}

// changeJSON is an object that was added (no before), dropped (no after) or altered.
type changeJSON struct {
	Kind   catalog.Kind `json:"kind"`
	Table  string       `json:"table,omitempty"`
	Name   string       `json:"name"`
	Before string       `json:"before,omitempty"`
	After  string       `json:"after,omitempty"`
}

// printStatus prints the status. Changes are nil if drift wasn't checked; any change is
// an error.
func (sys System) printStatus(status migration.Status, changes []catalog.Change, asJSON bool) error {
	printed := sys.printStatusTable
	if asJSON {
		printed = sys.printStatusJSON
	}
	if err := printed(status, changes); err != nil {
		return err
	}
	if len(changes) > 0 {
		return fmt.Errorf("the database has drifted from its migrations in %s", Count(len(changes), "place", "places"))
	}
	return nil
}

func (sys System) printStatusJSON(status migration.Status, changes []catalog.Change) error {
	report := map[string]any{
		"current": status.Current(), "applied": revisionsJSON(status.Applied),
		"pending": names(status.Pending), "out_of_order": names(status.OutOfOrder),
	}
	if changes != nil {
		drift := make([]changeJSON, 0, len(changes))
		for _, c := range changes {
			drift = append(drift, changeJSON(c))
		}
		report["drift"] = drift
	}
	return WriteJSON(sys.Stdout, report)
}

func (sys System) printStatusTable(status migration.Status, changes []catalog.Change) error {
	w := tabwriter.NewWriter(sys.Stdout, 0, 0, 2, ' ', 0)
	row := func(version, description, state string) {
		fmt.Fprintln(w, printable.Text(version+"\t"+description+"\t"+strings.Join(strings.Fields(state), " ")))
	}
	for _, rev := range status.Applied {
		row(rev.Version, rev.Description, stateOf(rev))
	}
	for _, file := range status.Pending {
		row(file.Version(), file.Desc(), pendingState(file))
	}
	for _, file := range status.OutOfOrder {
		row(file.Version(), file.Desc(), "out of order: older than an applied migration")
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, c := range changes {
		fmt.Fprintf(sys.Stdout, "drift: %s\n", printable.Text(c.String()))
	}
	if changes != nil && len(changes) == 0 {
		fmt.Fprintln(sys.Stdout, "No drift: the database matches its migrations.")
	}
	return nil
}

func pendingState(f migrate.File) string {
	if migration.PhaseOf(f) == migration.Contract {
		return "pending until no old code is left (--phase contract)"
	}
	return "pending"
}

func stateOf(rev *migrate.Revision) string {
	if rev.Error != "" || rev.Applied < rev.Total {
		return fmt.Sprintf("stopped after %d of %d statements: %s", rev.Applied, rev.Total, rev.Error)
	}
	return "applied " + rev.ExecutedAt.UTC().Format("2006-01-02 15:04:05Z")
}

func names(files []migrate.File) []string {
	all := make([]string, 0, len(files))
	for _, f := range files {
		all = append(all, f.Name())
	}
	return all
}
