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
		Short: "Write an empty migration to edit by hand",
		Long: `Write an empty migration that comes after all others. Run "migrate hash" after
editing the file.`,
		Example: "  go run ./cmd/migrate new backfill_owners",
		Args:    fileName,
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := sys.writableDir()
			if err != nil {
				return err
			}
			name, err := files.New(dir, args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(sys.Stdout, "%s/%s\n", dir.Path(), name)
			return nil
		},
	}
}

func hashCommand(sys system) *cobra.Command {
	return &cobra.Command{
		Use:     "hash",
		Short:   "Update atlas.sum after editing migrations by hand",
		Long:    `Update atlas.sum after writing or editing a migration by hand.`,
		Example: "  go run ./cmd/migrate hash",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			dir, err := sys.writableDir()
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
			fmt.Fprintf(sys.Stdout, "%s/%s\n", dir.Path(), migrate.HashFileName)
			return nil
		},
	}
}

func validateCommand(sys system) *cobra.Command {
	var devURL string
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Fail when the files can't be applied to an empty database",
		Long: `Fail if atlas.sum doesn't match the migrations, if two of them have the same version,
or if a statement fails in a throwaway PostgreSQL.`,
		Example: "  go run ./cmd/migrate validate",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := sys.openDir()
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
		Short: "Move this branch's migrations after those of its base",
		Long: `Give the migrations that this branch adds versions after the newest one of its base,
because a file older than an applied one is never applied. Their order stays, and
atlas.sum is updated, which also resolves a conflict in it. The base's own files
aren't changed.`,
		Example: "  git merge origin/main; go run ./cmd/migrate rebase --base origin/main",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := sys.writableDir()
			if err != nil {
				return err
			}
			done, err := files.Rebase(cmd.Context(), dir, base)
			if err != nil {
				return asUsage(err)
			}
			return sys.printRebased(done, dir.Path(), asJSON)
		},
	}
	baseFlag(cmd, &base)
	cli.JSONFlag(cmd, &asJSON)
	return cmd
}

func (sys system) printRebased(done files.Rebased, dir string, asJSON bool) error {
	if asJSON {
		done.Renamed = append([]files.Rename{}, done.Renamed...) // a list, never null
		return cli.WriteJSON(sys.Stdout, done)
	}
	for _, r := range done.Renamed {
		fmt.Fprintln(sys.Stdout, printable.Text(r.From+" -> "+r.To))
	}
	switch {
	case done.Rehashed:
		fmt.Fprintf(sys.Stdout, "%s/%s\n", dir, migrate.HashFileName)
	case len(done.Renamed) == 0:
		fmt.Fprintf(sys.Stdout, "Nothing to do: every new file comes after those of %s.\n", done.Base)
	}
	return nil
}
