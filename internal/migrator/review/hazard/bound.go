package hazard

import (
	"slices"
	"strings"
)

// bound reports whether an earlier statement of the file sets what the statement runs
// under, such as a role, search_path or a lock. Another file wouldn't run under it, so
// the statement stays where it is.
func (s subject) bound() bool {
	for _, earlier := range s.file[:s.at] {
		if t := parse(earlier.SQL); t.begins("LOCK") || t.has("set_config") || t.begins("SET") && !t.setsPace() {
			return true
		}
	}
	return false
}

// setsPace reports whether a SET only says how long statements take and what they use
// and tell meanwhile.
func (t statement) setsPace() bool {
	name, _ := t.name(t.skip(t.skip(1, "SESSION"), "LOCAL"))
	return strings.HasSuffix(name, "_timeout") || strings.HasSuffix(name, "work_mem") || strings.HasPrefix(name, "max_parallel_") ||
		slices.Contains([]string{"client_min_messages", "application_name"}, name)
}
