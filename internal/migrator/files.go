package migrator

import (
	"fmt"

	"ariga.io/atlas/sql/migrate"
	"github.com/spf13/cobra"

	"commitment/internal/cli"
	"commitment/internal/migrator/dev"
	"commitment/internal/migrator/files"
	"commitment/internal/printable"
)

func newCommand(sys system) *cobra.Command {
	return &cobra.Command{
		Use:   "new NAME",
		Short: "Write an empty migration, for statements by hand",
		Long: `Write a migration without statements behind all others in ` + migrations + `.
Run it in the project's root, and "migrate hash" after the file was edited.`,
		Example: "  go run ./cmd/migrate new backfill_owners",
		Args:    fileName,
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := openDir()
			if err != nil {
				return err
			}
			name, err := files.New(dir, args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(sys.Stdout, "%s/%s\n", migrations, name)
			return nil
		},
	}
}

func hashCommand(sys system) *cobra.Command {
	return &cobra.Command{
		Use:   "hash",
		Short: "Write atlas.sum anew, after a migration was written or edited by hand",
		Long: `Write atlas.sum anew, after a file in ` + migrations + ` was written or
edited by hand. Run it in the project's root.`,
		Example: "  go run ./cmd/migrate hash",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			dir, err := openDir()
			if err != nil {
				return err
			}
			changed, err := files.Hash(dir)
			if err != nil {
				return err
			}
			if !changed {
				fmt.Fprintf(sys.Stdout, "Nothing to do: %s matches the files.\n", migrate.HashFileName)
				return nil
			}
			fmt.Fprintf(sys.Stdout, "%s/%s\n", migrations, migrate.HashFileName)
			return nil
		},
	}
}

func validateCommand(sys system) *cobra.Command {
	var devURL string
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Fail when the files can't be applied to an empty database",
		Long: `Fail when atlas.sum doesn't match the files in ` + migrations + `, when two
have the same version, or when one of their statements fails in a throwaway PostgreSQL.
Run it in the project's root.`,
		Example: "  go run ./cmd/migrate validate",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := openDir()
			if err != nil {
				return err
			}
			return sys.withDev(cmd.Context(), devURL, func(server *dev.Server) error {
				return files.Validate(cmd.Context(), server, dir)
			})
		},
	}
	devFlag(cmd, &devURL)
	return cmd
}

func rebaseCommand(sys system) *cobra.Command {
	var (
		base   string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "rebase",
		Short: "Bring this branch's migrations behind those of its base",
		Long: `Bring the migrations that this branch adds behind the newest one of its base: a
file that sorts before one that was applied never is. They get new versions, their
order stays, and atlas.sum is written anew, which also ends a conflict in it. The
base's own files are left alone. Run it in the project's root.`,
		Example: "  git merge origin/main; go run ./cmd/migrate rebase --base origin/main",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := openDir()
			if err != nil {
				return err
			}
			done, err := files.Rebase(cmd.Context(), dir, base)
			if err != nil {
				return baseless(err)
			}
			return sys.printRebased(done, asJSON)
		},
	}
	baseFlag(cmd, &base)
	cli.JSONFlag(cmd, &asJSON)
	return cmd
}

func (sys system) printRebased(done files.Rebased, asJSON bool) error {
	if asJSON {
		done.Renamed = append([]files.Rename{}, done.Renamed...) // a list, never null
		return cli.WriteJSON(sys.Stdout, done)
	}
	for _, r := range done.Renamed {
		fmt.Fprintln(sys.Stdout, printable.Text(r.From+" -> "+r.To))
	}
	switch {
	case done.Rehashed:
		fmt.Fprintf(sys.Stdout, "%s/%s\n", migrations, migrate.HashFileName)
	case len(done.Renamed) == 0:
		fmt.Fprintf(sys.Stdout, "Nothing to do: every new file comes behind those of %s.\n", done.Base)
	}
	return nil
}
