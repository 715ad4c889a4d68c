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

// nothingPending says that nothing was applied, and why.
func nothingPending(o migration.ApplyOptions) string {
	switch {
	case o.To != "":
		return "Nothing to do: no migration up to that version is pending."
	case o.Phase != "":
		return fmt.Sprintf("Nothing to do: no migration of the phase %s is pending.", o.Phase)
	}
	return "Nothing to do: no migration is pending."
}

// ApplyCommand returns the command that applies the pending migrations. If before isn't
// nil, it is called first and can refuse.
func ApplyCommand(sys System, before func(context.Context, *sql.DB, migration.ApplyOptions) error) *cobra.Command {
	o := migration.ApplyOptions{TableLockTimeout: 2 * time.Second, TableLockWait: 5 * time.Minute, StatementTimeout: 15 * time.Minute}
	var dryRun, asJSON bool
	cmd := &cobra.Command{
		Use:   "apply",
		Short: "Apply the pending migrations",
		Long: `Apply the pending migrations to DATABASE_URL, or to the private PostgreSQL if that is
not set. If several instances run at once, one applies and the others wait.

A rollout applies them in two phases. --phase expand comes first: it leaves out the files
whose name ends in _contract, because running code may need what they take away. Deploy
the new code, and when no old code is left, run --phase contract. Without --phase
everything is applied in order, for a service that is stopped or new. --phase expand does
that, too, on a database without migrations.

A statement waits for its locks for --lock-timeout at most, because the service queues
up behind it meanwhile. Then it is retried, and the sessions that block it are named.
After a failure, run apply again: it resumes where it stopped.`,
		Example: `  DATABASE_URL=postgres://owner@db/app commitment migrate apply --phase expand
  commitment migrate apply --dry-run`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Log = sys.Log()
			if sys.Exclude != nil {
				exclude, err := sys.Exclude()
				if err != nil {
					return err
				}
				o.Exclude = append(o.Exclude, exclude...)
			}
			return sys.WithDatabase(cmd.Context(), func(db *sql.DB, dir migrate.Dir) error {
				if before != nil {
					if err := before(cmd.Context(), db, o); err != nil {
						return err
					}
				}
				if dryRun {
					return sys.dryRun(cmd.Context(), db, dir, o, asJSON)
				}
				return sys.apply(cmd.Context(), db, dir, o, asJSON)
			})
		},
	}
	f := cmd.Flags()
	f.Func("phase", "apply the files of one `PHASE` of a rollout, expand or contract", func(text string) error {
		o.Phase = migration.Phase(text)
		if o.Phase != migration.Expand && o.Phase != migration.Contract {
			return fmt.Errorf("want %s or %s", migration.Expand, migration.Contract)
		}
		return nil
	})
	f.Func("to", "apply nothing after this `VERSION`", func(version string) error {
		if o.To = version; version == "" {
			return errors.New("want a version")
		}
		return nil
	})
	f.BoolVar(&dryRun, "dry-run", false, "print the statements instead of running them")
	timeoutFlag(cmd, &o.TableLockTimeout, "lock-timeout", "maximum `TIME` that a statement waits for a lock before it is retried")
	timeoutFlag(cmd, &o.TableLockWait, "lock-wait", "maximum `TIME` to retry a statement for its locks")
	timeoutFlag(cmd, &o.StatementTimeout, "statement-timeout", "maximum `TIME` of a statement that blocks others")
	timeoutFlag(cmd, &o.LockTimeout, "instance-timeout", "maximum `TIME` to wait for another instance that is migrating (default no limit)")
	f.BoolVar(&o.AllowDrift, "allow-drift", false, "apply even if the schema differs from what the last migration left")
	ExcludeFlag(cmd, &o.Exclude)
	JSONFlag(cmd, &asJSON)
	return cmd
}

// ExcludeFlag adds a flag for [migration.ApplyOptions.Exclude].
func ExcludeFlag(cmd *cobra.Command, patterns *[]string) {
	cmd.Flags().StringArrayVar(patterns, "exclude", nil, "a `PATTERN` of objects that no migration makes and that aren't drift, such as \"cron_*\"; can be repeated")
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
		fmt.Fprintln(sys.Stdout, nothingPending(o))
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
		fmt.Fprintln(sys.Stdout, nothingPending(o))
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

// statementJSON is a statement in JSON output.
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
