package migrator

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"commitment/internal/cli"
	"commitment/internal/migrator/review/stats"
)

func statsCommand(sys system) *cobra.Command {
	return &cobra.Command{
		Use:   "stats",
		Short: "Read the sizes of a database, for the estimates of a review",
		Long: `Read the sizes of the tables at DATABASE_URL: rows, bytes, reads and writes per
second. No row is read, and a role that may only connect is enough. With the output
in a file, "migrate review --stats" estimates minutes and gigabytes.`,
		Example: `  DATABASE_URL=postgres://reader@db/app go run ./cmd/migrate stats >stats.json
  go run ./cmd/migrate review --stats stats.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return sys.WithConnection(cmd.Context(), func(db *sql.DB) error {
				snapshot, err := stats.Read(cmd.Context(), db)
				if err != nil {
					return err
				}
				return stats.Encode(sys.Stdout, snapshot)
			})
		},
	}
}

// readStats reads the file written by statsCommand; without a path there is none.
func readStats(path string) (*stats.Snapshot, error) {
	if path == "" {
		return nil, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, cli.Usage(err)
	}
	snapshot, err := stats.Decode(bytes.NewReader(content))
	if err != nil {
		return nil, cli.Usage(fmt.Errorf("%s: %w", path, err))
	}
	return &snapshot, nil
}
