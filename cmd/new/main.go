// Command new makes a project of your own from this tree, and later brings it up to date.
// `go run ./cmd/new --help` shows how.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"commitment/internal/project"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := project.Run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "new:", err)
		os.Exit(1)
	}
}
