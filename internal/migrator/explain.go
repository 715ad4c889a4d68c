package migrator

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"commitment/docs/codes"
	"commitment/internal/cli"
	"commitment/internal/migrator/review"
)

func explainCommand(sys system) *cobra.Command {
	return &cobra.Command{
		Use:   "explain [CODE]",
		Short: "Explain a code of the review",
		Long: `Explain a code of the review: what happens, an example, the safe form, and when to
accept it. Without a code, list all of them. The pages are also in docs/codes.`,
		Example: "  go run ./cmd/migrate explain PG303",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return sys.listCodes()
			}
			page, found := codes.Page(args[0])
			if !found {
				return cli.Usage(fmt.Errorf("unknown code %q; \"migrate explain\" lists all of them", args[0]))
			}
			_, err := fmt.Fprint(sys.Stdout, page)
			return err
		},
	}
}

func (sys system) listCodes() error {
	w := tabwriter.NewWriter(sys.Stdout, 0, 0, 2, ' ', 0)
	for _, r := range review.Rules() {
		fmt.Fprintln(w, strings.Join([]string{r.Code, r.Slug, r.Title}, "\t"))
	}
	return w.Flush()
}
