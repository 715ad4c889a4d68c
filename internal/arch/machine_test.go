package arch

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"strings"
	"testing"
)

// machinePath is a path that only one machine has.
var machinePath = regexp.MustCompile(`/(root|work)/|/(home|Users)/[A-Za-z][\w.-]*/`)

// homebrew is where Homebrew lives on every Linux machine that has it.
const homebrew = "/home/" + "linuxbrew/"

// machinePaths finds paths of one machine in text files. Binary files, told as
// Git tells them, by a zero byte, and files of checksums are left out.
func machinePaths(t *tree) []string {
	var found []string
	for _, p := range t.paths() {
		if path.Ext(p) == ".sum" || bytes.IndexByte(t.files[p], 0) >= 0 {
			continue
		}
		n := 0
		for line := range strings.Lines(string(t.files[p])) {
			n++
			if match := machinePath.FindString(strings.ReplaceAll(line, homebrew, "")); match != "" {
				found = append(found, fmt.Sprintf("%s:%d: %s is a path of one machine", p, n, match))
			}
		}
	}
	return found
}

func TestMachinePaths(t *testing.T) {
	t.Parallel()
	// The paths are spelled in two parts, or this file would be found itself.
	try(t, machinePaths, []example{
		{"takes paths that machines share", map[string]string{
			"internal/pgserver/find.go": "package pgserver\n\n// " + homebrew + ".linuxbrew/bin and /usr/lib/postgresql\n",
			"README.md":                 "Put it in /home or in ~/work, at work.\n",
			"go.sum":                    "x v1.0.0 h1:/ro" + "ot/=\n",
			"logo.png":                  "\x00/ro" + "ot/\n",
		}, nil},
		{"finds paths of one machine", map[string]string{
			"Makefile":                   "all:\n\tcd /wo" + "rk/main\n",
			"README.md":                  "Run /ro" + "ot/go/bin/x.\n",
			"internal/a/testdata/golden": "\n\nat /ho" + "me/ann/src/a.go\n",
			"internal/a/a.go":            "package a\n\nconst dir = \"/Us" + "ers/ann/src\"\n",
			"ignored/log":                "/ro" + "ot/\n",
		}, []string{
			"Makefile:2: /wo" + "rk/ is a path of one machine",
			"README.md:1: /ro" + "ot/ is a path of one machine",
			"internal/a/a.go:3: /Us" + "ers/ann/ is a path of one machine",
			"internal/a/testdata/golden:3: /ho" + "me/ann/ is a path of one machine",
		}},
	})
}
