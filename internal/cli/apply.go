package cli

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"ariga.io/atlas/sql/migrate"
	"github.com/spf13/cobra"

	"commitment/internal/migration"
	"commitment/internal/printable"
)

const nothingPending = "Nothing to do: no migration is pending."

// ApplyCommand applies the pending migrations.
func ApplyCommand(sys System) *cobra.Command {
	o := migration.ApplyOptions{TableLockTimeout: 2 * time.Second, TableLockWait: 5 * time.Minute, StatementTimeout: 15 * time.Minute}
	var dryRun, asJSON bool
	cmd := &cobra.Command{
		Use:   "apply",
		Short: "Apply the pending migrations",
		Long: `Apply the pending migrations to DATABASE_URL, or to the private PostgreSQL where it
is not set. The migrations are those that were compiled in. Of several instances at
once one works and the others wait.

A statement waits for its locks for --lock-timeout at most, so that the service never
queues up behind it for longer; then it is tried again, and whoever is in the way is
named. After any failure apply is simply run again: it goes on where it stopped.`,
		Example: `  DATABASE_URL=postgres://owner@db/app commitment migrate apply
  commitment migrate apply --dry-run`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Log = sys.Log()
			return sys.WithDatabase(cmd.Context(), func(db *sql.DB, dir migrate.Dir) error {
				if dryRun {
					return sys.dryRun(cmd.Context(), db, dir, o, asJSON)
				}
				return sys.apply(cmd.Context(), db, dir, o, asJSON)
			})
		},
	}
	f := cmd.Flags()
	f.BoolVar(&dryRun, "dry-run", false, "print the statements that would run, and run none")
	timeoutFlag(cmd, &o.TableLockTimeout, "lock-timeout", "the `TIME` that a statement may wait for a table before it is tried again")
	timeoutFlag(cmd, &o.TableLockWait, "lock-wait", "the `TIME` for which it is tried again")
	timeoutFlag(cmd, &o.StatementTimeout, "statement-timeout", "the `TIME` that a statement may hold a table against others")
	timeoutFlag(cmd, &o.LockTimeout, "instance-timeout", "the `TIME` to wait for another instance that migrates (default without end)")
	f.BoolVar(&o.AllowDrift, "allow-drift", false, "go on when the schema isn't as the newest migration left it")
	JSONFlag(cmd, &asJSON)
	return cmd
}

func (sys System) apply(ctx context.Context, db *sql.DB, dir migrate.Dir, o migration.ApplyOptions, asJSON bool) error {
	applied, err := migration.Apply(ctx, db, dir, o)
	if asJSON {
		return errors.Join(err, WriteJSON(sys.Stdout, map[string]any{"applied": revisionsJSON(applied)}))
	}
	for _, rev := range applied {
		fmt.Fprintf(sys.Stdout, "%s_%s: %d of %d statements in %v\n",
			rev.Version, rev.Description, rev.Applied, rev.Total, rev.ExecutionTime.Round(time.Microsecond))
	}
	if err == nil && len(applied) == 0 {
		fmt.Fprintln(sys.Stdout, nothingPending)
	}
	return err
}

func (sys System) dryRun(ctx context.Context, db *sql.DB, dir migrate.Dir, o migration.ApplyOptions, asJSON bool) error {
	statements, err := migration.DryRun(ctx, db, dir, o)
	if err != nil {
		return err
	}
	if asJSON {
		return WriteJSON(sys.Stdout, map[string]any{"statements": statementsJSON(statements)})
	}
	if len(statements) == 0 {
		fmt.Fprintln(sys.Stdout, nothingPending)
	}
	for i, s := range statements {
		if i == 0 || statements[i-1].File != s.File {
			mode := "in one transaction"
			if !s.Transaction {
				mode = "without a transaction"
			}
			fmt.Fprintf(sys.Stdout, "-- %s, %s\n", s.File, mode)
		}
		fmt.Fprintln(sys.Stdout, printable.Text(s.SQL))
	}
	return nil
}

// statementJSON is a statement as a program reads it.
type statementJSON struct {
	File        string `json:"file"`
	Line        int    `json:"line"`
	SQL         string `json:"sql"`
	Transaction bool   `json:"transaction"`
}

func statementsJSON(statements []migration.Statement) []statementJSON {
	all := make([]statementJSON, 0, len(statements))
	for _, s := range statements {
		all = append(all, statementJSON(s))
	}
	return all
}
