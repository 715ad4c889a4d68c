package migrator

import (
	"fmt"

	"github.com/spf13/cobra"

	"commitment/internal/cli"
	"commitment/internal/migrator/dev"
)

func diffCommand(sys system) *cobra.Command {
	var (
		devURL string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "diff NAME",
		Short: "Plan the migration from the files to the entities",
		Long: `Plan the migration from the files to the entities, and write it beside them for review.
Run it after "go generate ./...".

Changes that would block a busy service are planned in a form that doesn't, in as many
files as that needs. Statements that lose data are in a file of their own, whose name
ends in _contract. The files are replayed in a throwaway PostgreSQL.`,
		Example: "  go run ./cmd/migrate diff add_product_owner",
		Args:    fileName,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := sys.writableDir()
			if err != nil {
				return err
			}
			entities, err := sys.entities(cmd.Context())
			if err != nil {
				return err
			}
			return sys.withDev(cmd.Context(), devURL, func(server *dev.Server) error {
				names, err := entities.Diff(cmd.Context(), server, dir, args[0])
				if err != nil {
					return err
				}
				return sys.printFiles(dir.Path(), names, asJSON)
			})
		},
	}
	devFlag(cmd, &devURL)
	cli.JSONFlag(cmd, &asJSON)
	return cmd
}

// printFiles prints the paths of the planned files.
func (sys system) printFiles(dir string, names []string, asJSON bool) error {
	paths := make([]string, 0, len(names))
	for _, name := range names {
		paths = append(paths, dir+"/"+name)
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
		Long: `Fail if the files don't make what the entities declare: tables, and what is declared beside them. The difference is printed as SQL. The
files are replayed in a throwaway PostgreSQL, those that contract included, whether or
not they are applied anywhere. To compare a database with the files, use "migrate
status".`,
		Example: "  go run ./cmd/migrate check",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := sys.openDir()
			if err != nil {
				return err
			}
			entities, err := sys.entities(cmd.Context())
			if err != nil {
				return err
			}
			return sys.withDev(cmd.Context(), devURL, func(server *dev.Server) error {
				return entities.Check(cmd.Context(), server, dir)
			})
		},
	}
	devFlag(cmd, &devURL)
	return cmd
}
