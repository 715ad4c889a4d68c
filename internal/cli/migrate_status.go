package cli

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"ariga.io/atlas/sql/migrate"
	"github.com/spf13/cobra"

	"commitment/internal/migration"
	"commitment/internal/migration/catalog"
	"commitment/internal/migration/dev"
)

func statusCommand(sys System) *cobra.Command {
	var (
		drift, asJSON bool
		devURL        string
	)
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what is applied, what is pending, and what has drifted",
		Long: `Show what is applied to DATABASE_URL, or to the private PostgreSQL where it is not
set, and what is pending.

With --drift the applied files are replayed in a throwaway PostgreSQL, and what the
database has otherwise is shown: tables, and also views, functions, triggers,
policies, and constraints and indexes that aren't valid. Any of it is exit code 1.`,
		Example: `  commitment migrate status
  DATABASE_URL=postgres://owner@db/app commitment migrate status --drift`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return sys.withDatabase(cmd.Context(), func(db *sql.DB, dir migrate.Dir) error {
				status, err := migration.ReadStatus(cmd.Context(), db, dir)
				if err != nil {
					return err
				}
				var changes []catalog.Change
				if drift {
					if changes, err = sys.drift(cmd.Context(), db, dir, devURL); err != nil {
						return err
					}
				}
				return sys.printStatus(status, changes, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&drift, "drift", false, "compare the database with what its files make")
	devFlag(cmd, &devURL)
	jsonFlag(cmd, &asJSON)
	return cmd
}

// drift is what the database has otherwise than its applied files make it.
func (sys System) drift(ctx context.Context, db *sql.DB, dir migrate.Dir, devURL string) (changes []catalog.Change, err error) {
	err = sys.withDev(ctx, devURL, func(server *dev.Server) (err error) {
		scratch, err := server.Database(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, scratch.Drop(ctx)) }()
		changes, err = migration.Drift(ctx, db, scratch.DB, dir)
		return err
	})
	return changes, err
}

// revisionJSON is a revision as a program reads it.
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

func (sys System) printStatus(status migration.Status, changes []catalog.Change, asJSON bool) error {
	var err error
	if asJSON {
		err = writeJSON(sys.Stdout, map[string]any{
			"current": status.Current(), "applied": revisionsJSON(status.Applied),
			"pending": names(status.Pending), "out_of_order": names(status.OutOfOrder), "drift": changes,
		})
	} else {
		err = sys.printStatusTable(status, changes)
	}
	if err == nil && len(changes) > 0 {
		err = fmt.Errorf("the database differs from its files in %d places", len(changes))
	}
	return err
}

func (sys System) printStatusTable(status migration.Status, changes []catalog.Change) error {
	w := tabwriter.NewWriter(sys.Stdout, 0, 0, 2, ' ', 0)
	for _, rev := range status.Applied {
		state := "applied " + rev.ExecutedAt.UTC().Format("2006-01-02 15:04:05Z")
		if rev.Error != "" {
			state = fmt.Sprintf("stopped after %d of %d statements: %s", rev.Applied, rev.Total, rev.Error)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", rev.Version, rev.Description, state)
	}
	for _, file := range status.Pending {
		fmt.Fprintf(w, "%s\t%s\tpending\n", file.Version(), file.Desc())
	}
	for _, file := range status.OutOfOrder {
		fmt.Fprintf(w, "%s\t%s\tout of order: older than what is applied\n", file.Version(), file.Desc())
	}
	for _, c := range changes {
		fmt.Fprintf(w, "drift\t%s\n", c)
	}
	return w.Flush()
}

func names(files []migrate.File) []string {
	all := make([]string, 0, len(files))
	for _, f := range files {
		all = append(all, f.Name())
	}
	return all
}
