package migrator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	entmigrate "commitment/ent/migrate"
	"commitment/internal/cli"
	"commitment/internal/migrator/dev"
	"commitment/internal/migrator/plan"
	"commitment/internal/migrator/review/compat"
)

func diffCommand(sys system) *cobra.Command {
	var (
		devURL string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "diff NAME",
		Short: "Plan the migration from the files to the entities",
		Long: `Plan the migration from the files in ` + migrations + ` to the entities in
ent/schema, and write it beside them for review. Run it in the project's root,
after "go generate ./...".

Changes that would block a busy service are planned in a form that doesn't, in as many
files as that needs. Statements that lose data are in a file of their own, whose name
ends in _contract. The files are replayed in a throwaway PostgreSQL.`,
		Example: "  go run ./cmd/migrate diff add_product_owner",
		Args:    fileName,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := sys.OpenDir()
			if err != nil {
				return err
			}
			if err := checkGenerated(cmd.Context()); err != nil {
				return err
			}
			return sys.withDev(cmd.Context(), devURL, func(server *dev.Server) error {
				names, err := plan.Diff(cmd.Context(), server, dir, args[0])
				if err != nil {
					return err
				}
				return sys.printFiles(names, asJSON)
			})
		},
	}
	devFlag(cmd, &devURL)
	cli.JSONFlag(cmd, &asJSON)
	return cmd
}

// printFiles prints the paths of the planned files.
func (sys system) printFiles(names []string, asJSON bool) error {
	paths := make([]string, 0, len(names))
	for _, name := range names {
		paths = append(paths, sys.Dir()+"/"+name)
	}
	if asJSON {
		return cli.WriteJSON(sys.Stdout, map[string][]string{"files": paths})
	}
	if len(paths) == 0 {
		fmt.Fprintln(sys.Stdout, "Nothing to do: the files make what the entities declare.")
	}
	for _, path := range paths {
		fmt.Fprintln(sys.Stdout, path)
	}
	return nil
}

func checkCommand(sys system) *cobra.Command {
	var devURL string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Fail if the files don't make what the entities declare",
		Long: `Fail if the files in ` + migrations + ` don't make what the entities
declare: tables, and what is declared beside them. The difference is printed as SQL. The
files are replayed in a throwaway PostgreSQL, those that contract included, whether or
not they are applied anywhere. To compare a database with the files, use "migrate
status".`,
		Example: "  go run ./cmd/migrate check",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := sys.OpenDir()
			if err != nil {
				return err
			}
			if err := checkGenerated(cmd.Context()); err != nil {
				return err
			}
			return sys.withDev(cmd.Context(), devURL, func(server *dev.Server) error {
				return plan.Check(cmd.Context(), server, dir)
			})
		},
	}
	devFlag(cmd, &devURL)
	return cmd
}

// errStale reports entities that this program wasn't generated from.
var errStale = errors.New(`ent/schema has changed since the code was generated: run "go generate ./..."`)

// checkGenerated compares the entities in ent/schema with those that are compiled in.
// Without a folder of that name, there is nothing to compare.
func checkGenerated(ctx context.Context) error {
	now, err := compat.Digest(ctx, ".")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case now != entmigrate.SchemaDigest:
		return errStale
	}
	return nil
}
