// Command new makes a project of your own from this tree, and later upgrades it. `go
// run ./cmd/new --help` shows how.
package main

import (
	"context"
	"fmt"
	"os"

	"commitment/internal/project"
)

func main() {
	if err := project.Run(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "new:", err)
		os.Exit(1)
	}
}
