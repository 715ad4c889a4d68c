package migrator

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/cli"
	"commitment/internal/migration"
	"commitment/internal/migrator/dev"
	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/hazard"
)

// precheck reviews the files that apply would run, and returns an error if rows of the
// database would make one fail.
func (sys system) precheck(ctx context.Context, db *sql.DB, o migration.ApplyOptions, devURL string) error {
	p, err := sys.project()
	if err != nil {
		return err
	}
	local, err := sys.openDir()
	if err != nil {
		return err
	}
	statements, err := migration.DryRun(ctx, db, local, o)
	if err != nil || len(statements) == 0 {
		return err
	}
	all, err := local.Files()
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	runs := func(file string) bool {
		return slices.ContainsFunc(statements, func(s migration.Statement) bool { return s.File == file })
	}
	last := len(all) - slices.IndexFunc(all, func(f migrate.File) bool { return runs(f.Name()) })
	var checks []hazard.Finding
	err = sys.withDev(ctx, devURL, func(server *dev.Server) error {
		sys.Progress("reviewing the pending files")
		r, err := review.Run(ctx, review.Options{Dir: local, Root: p.Root, Schema: p.Schema, Dev: server, Selection: review.Selection{Last: last}})
		checks = slices.DeleteFunc(r.Prechecks(), func(f hazard.Finding) bool { return !runs(f.File) })
		return err
	})
	if err != nil {
		return err
	}
	failing, err := review.Precheck(ctx, db, checks)
	if err != nil || len(failing) == 0 {
		return err
	}
	var b strings.Builder
	for _, f := range failing {
		fmt.Fprintf(&b, "\n  %s:%d %s %s\n    %s", f.File, f.Line, f.Code, f.Title, f.Precheck)
	}
	return fmt.Errorf("nothing was applied: %s found rows that make a migration fail:%s", cli.Count(len(failing), "query", "queries"), b.String())
}
