package migrator

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/cli"
	"commitment/internal/migration"
	"commitment/internal/migrator/dev"
	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/hazard"
)

// precheck reviews the pending files, and returns an error if rows of the database would
// make one fail.
func (sys system) precheck(ctx context.Context, db *sql.DB, dir migrate.Dir, devURL string) error {
	status, err := migration.ReadStatus(ctx, db, dir)
	if err != nil || len(status.Pending) == 0 {
		return err
	}
	local, err := openDir()
	if err != nil {
		return err
	}
	var checks []hazard.Finding
	err = sys.withDev(ctx, devURL, func(server *dev.Server) error {
		sys.Progress("reviewing the pending files")
		r, err := review.Run(ctx, review.Options{Dir: local, Root: ".", Dev: server, Selection: review.Selection{Last: len(status.Pending)}})
		checks = r.Prechecks()
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
