package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river/rivertype"
	"github.com/spf13/cobra"

	"commitment/internal/app"
	"commitment/internal/config"
	"commitment/internal/jobs"
	"commitment/internal/postgres"
	"commitment/internal/printable"
)

func workCommand(sys System) *cobra.Command {
	return &cobra.Command{
		Use:   "work",
		Short: "Run jobs until interrupted",
		Long: `Run jobs until interrupted, as serve does, but serve no API: ADDR has the health and the
metrics alone. JOBS_WORKERS is how many jobs run at a time. With JOBS_WORKERS=0 in the
environment of serve, jobs run in processes of this command alone.`,
		Example: `  commitment work
  ADDR=127.0.0.1:8081 JOBS_WORKERS=50 commitment work`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := sys.Config()
			if err != nil {
				return err
			}
			if cfg.Jobs.Workers == 0 {
				return Usage(errors.New("JOBS_WORKERS=0: there is nothing to do"))
			}
			return app.Work(cmd.Context(), cfg, app.Output{Console: sys.Stdout, Log: sys.Stderr})
		},
	}
}

func jobsCommand(sys System) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "jobs",
		Short: "List, retry and cancel jobs",
		Long: `List, retry and cancel the jobs in DATABASE_URL, or in the private PostgreSQL if that is
not set.`,
		Example: `  commitment jobs list --state discarded
  commitment jobs retry 4711`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(jobsListCommand(sys),
		changeJobsCommand(sys, (*jobs.Admin).Retry, &cobra.Command{
			Use:   "retry ID…",
			Short: "Run jobs now",
			Long: `Run jobs now: those that wait for a retry, and those that have ended, however they did.
A job that is running is left alone.`,
			Example: "  commitment jobs retry 4711 4712",
		}),
		changeJobsCommand(sys, (*jobs.Admin).Cancel, &cobra.Command{
			Use:   "cancel ID…",
			Short: "Keep jobs from running",
			Long: `Keep jobs from running. The context of a job that is running is canceled: it ends as soon
as its worker heeds that.`,
			Example: "  commitment jobs cancel 4711",
		}))
	return cmd
}

// maxJobs is how many jobs River lists at most.
const maxJobs = 10000

func jobsListCommand(sys System) *cobra.Command {
	var asJSON bool
	var filter jobs.Filter
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List jobs, the newest first",
		Long: `List jobs, the newest first. Discarded jobs have failed too often: they are kept for a
week, completed and canceled ones for a day.`,
		Example: `  commitment jobs list --state discarded --state retryable
  commitment jobs list --kind delete_expired_idempotency_keys --limit 5 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if filter.Limit < 1 || filter.Limit > maxJobs {
				return Usage(fmt.Errorf("--limit: want a number from 1 to %d", maxJobs))
			}
			return sys.withJobs(cmd.Context(), func(admin *jobs.Admin) error {
				all, err := admin.List(cmd.Context(), filter)
				if err != nil {
					return err
				}
				return sys.printJobs(all, asJSON)
			})
		},
	}
	f := cmd.Flags()
	f.Func("state", "`STATE` of the jobs: "+strings.Join(jobStates(), ", ")+"; can be repeated (default all)", func(state string) error {
		if !slices.Contains(jobStates(), state) {
			return fmt.Errorf("want one of %s", strings.Join(jobStates(), ", "))
		}
		filter.States = append(filter.States, rivertype.JobState(state))
		return nil
	})
	f.StringSliceVar(&filter.Kinds, "kind", nil, "`KIND` of the jobs; can be repeated (default all)")
	f.IntVar(&filter.Limit, "limit", 100, fmt.Sprintf("`NUMBER` of jobs at most, up to %d", maxJobs))
	JSONFlag(cmd, &asJSON)
	return cmd
}

func jobStates() []string {
	var all []string
	for _, s := range rivertype.JobStates() {
		all = append(all, string(s))
	}
	return all
}

// changeJobsCommand completes a command that changes jobs by their ids.
func changeJobsCommand(sys System, change func(*jobs.Admin, context.Context, int64) (*rivertype.JobRow, error), cmd *cobra.Command) *cobra.Command {
	var asJSON bool
	cmd.Args = cobra.MinimumNArgs(1)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ids := make([]int64, len(args))
		for i, arg := range args {
			var err error
			if ids[i], err = strconv.ParseInt(arg, 10, 64); err != nil {
				return Usage(fmt.Errorf("%q isn't the id of a job", arg))
			}
		}
		return sys.withJobs(cmd.Context(), func(admin *jobs.Admin) error {
			var changed []*rivertype.JobRow
			for _, id := range ids {
				job, err := change(admin, cmd.Context(), id)
				if err != nil {
					err = fmt.Errorf("job %d: %w", id, err)
					if len(changed) > 0 {
						err = errors.Join(sys.printJobs(changed, asJSON), err)
					}
					return err
				}
				changed = append(changed, job)
			}
			return sys.printJobs(changed, asJSON)
		})
	}
	JSONFlag(cmd, &asJSON)
	return cmd
}

func (sys System) printJobs(all []*rivertype.JobRow, asJSON bool) error {
	if asJSON {
		list := make([]jobJSON, 0, len(all))
		for _, job := range all {
			list = append(list, newJobJSON(job))
		}
		return WriteJSON(sys.Stdout, map[string]any{"jobs": list})
	}
	if len(all) == 0 {
		fmt.Fprintln(sys.Stdout, "There are no such jobs.")
		return nil
	}
	w := tabwriter.NewWriter(sys.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tKIND\tSTATE\tATTEMPT\tSCHEDULED\tTENANT\tLAST ERROR")
	for _, j := range all {
		job := newJobJSON(j)
		tenant := "-"
		if job.TenantID != nil {
			tenant = job.TenantID.String()
		}
		columns := []string{
			strconv.FormatInt(job.ID, 10), job.Kind, job.State, fmt.Sprintf("%d/%d", job.Attempt, job.MaxAttempts),
			formatTime(job.ScheduledAt), tenant, cmp.Or(strings.Join(strings.Fields(job.LastError), " "), "-"),
		}
		fmt.Fprintln(w, printable.Text(strings.Join(columns, "\t")))
	}
	return w.Flush()
}

// jobJSON is a job in JSON output.
type jobJSON struct {
	ID          int64           `json:"id"`
	Kind        string          `json:"kind"`
	State       string          `json:"state"`
	Attempt     int             `json:"attempt"`
	MaxAttempts int             `json:"max_attempts"`
	Queue       string          `json:"queue"`
	TenantID    *uuid.UUID      `json:"tenant_id"`
	Subject     string          `json:"subject"`
	Args        json.RawMessage `json:"args"`
	CreatedAt   time.Time       `json:"created_at"`
	ScheduledAt time.Time       `json:"scheduled_at"`
	AttemptedAt *time.Time      `json:"attempted_at"`
	FinalizedAt *time.Time      `json:"finalized_at"`
	LastError   string          `json:"last_error"`
}

func newJobJSON(j *rivertype.JobRow) jobJSON {
	job := jobJSON{
		ID: j.ID, Kind: j.Kind, State: string(j.State), Attempt: j.Attempt, MaxAttempts: j.MaxAttempts, Queue: j.Queue,
		Args: j.EncodedArgs, CreatedAt: j.CreatedAt, ScheduledAt: j.ScheduledAt, AttemptedAt: j.AttemptedAt, FinalizedAt: j.FinalizedAt,
	}
	if len(j.Errors) > 0 {
		job.LastError = j.Errors[len(j.Errors)-1].Error
	}
	tenant, subject := jobs.Origin(j)
	if job.Subject = subject; tenant != uuid.Nil {
		job.TenantID = &tenant
	}
	return job
}

// withJobs calls work with the jobs of the configured database.
func (sys System) withJobs(ctx context.Context, work func(*jobs.Admin) error) error {
	return sys.withOpen(ctx, func(cfg config.Config, database *app.Database) (err error) {
		pool, err := postgres.OpenPgx(ctx, postgres.Options{
			URL: database.URL, ApplicationName: cfg.Database.ApplicationName, ConnectTimeout: cfg.Database.ConnectTimeout,
		}, 1)
		if err != nil {
			return err
		}
		defer pool.Close()
		if err := pool.Ping(ctx); err != nil {
			return fmt.Errorf("connect to the database at %s: %w", database, app.ConnectError(err))
		}
		admin, err := jobs.NewAdmin(pool, sys.Log())
		if err != nil {
			return err
		}
		err = work(admin)
		if missing, ok := errors.AsType[*pgconn.PgError](err); ok && missing.Code == undefinedTable {
			return fmt.Errorf("the database has no jobs yet: apply its migrations first, with migrate apply (%w)", err)
		}
		return err
	})
}
