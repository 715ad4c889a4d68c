package cli

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func versionCommand(sys System) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Long:    "Print the version of the program, the commit it was built from, and the version of Go.",
		Example: "  commitment version",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			info, ok := debug.ReadBuildInfo()
			if !ok {
				return errors.New("the program was built without version information")
			}
			fmt.Fprintln(sys.Stdout, version(info))
			return nil
		},
	}
}

// version describes a build in one line.
func version(info *debug.BuildInfo) string {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	line := info.Main.Path + " " + info.Main.Version
	if revision := settings["vcs.revision"]; revision != "" {
		line += ", commit " + revision
	}
	if settings["vcs.modified"] == "true" {
		line += " with changes"
	}
	return line + ", " + info.GoVersion + " " + settings["GOOS"] + "/" + settings["GOARCH"]
}
