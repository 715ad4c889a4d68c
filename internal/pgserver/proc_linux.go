package pgserver

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// isPostmaster reports whether pid is a server on data: its working directory is the
// data directory.
func isPostmaster(pid int, data string) bool {
	if pid <= 0 {
		return false
	}
	cwd, err := os.Stat(fmt.Sprintf("/proc/%d/cwd", pid))
	if err != nil {
		return false
	}
	info, err := os.Stat(data)
	return err == nil && os.SameFile(cwd, info)
}

// children returns the children of pid, or none if the system doesn't tell.
func children(pid int) []int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", pid))
	if err != nil {
		return nil
	}
	var pids []int
	for field := range strings.FieldsSeq(string(text)) {
		if child, err := strconv.Atoi(field); err == nil {
			pids = append(pids, child)
		}
	}
	return pids
}
