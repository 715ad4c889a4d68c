// Command commitment is the service: it serves the API and applies its migrations.
// `commitment help` lists the commands.
package main

import (
	"context"
	"fmt"
	"os"

	"commitment/internal/cli"
)

func main() {
	err := cli.Run(context.Background(), os.Args[1:], cli.System{
		Environ: os.Environ(),
		Stdin:   os.Stdin,
		Stdout:  os.Stdout,
		Stderr:  os.Stderr,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "commitment:", err)
	}
	os.Exit(cli.ExitCode(err))
}
