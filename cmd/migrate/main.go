// Command migrate is the development tool: it plans, reviews and applies schema
// changes. `go run ./cmd/migrate help` lists the commands.
package main

import (
	"context"
	"fmt"
	"os"

	"commitment/internal/cli"
	"commitment/internal/migrator"
)

func main() {
	err := migrator.Run(context.Background(), os.Args[1:], cli.System{
		Environ: os.Environ(),
		Stdout:  os.Stdout,
		Stderr:  os.Stderr,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "migrate:", err)
	}
	os.Exit(cli.ExitCode(err))
}
