package trace

import (
	"strings"

	"commitment/internal/sqltoken"
)

// LockTells reports whether a statement locks the tables whose rows matter to it, as far
// as its first words tell.
func LockTells(statement string) bool {
	var words []string
	for t := range sqltoken.All(statement) {
		if words = append(words, strings.ToLower(t.Text)); len(words) == 3 {
			break
		}
	}
	switch words = append(words, "", "", ""); words[0] {
	case "insert", "update", "delete", "merge", "truncate", "select", "with", "values", "lock",
		"comment", "set", "reset", "analyze", "vacuum", "reindex", "cluster", "refresh", "grant", "revoke":
		return true
	case "create":
		switch words[1] {
		case "unlogged", "unique", "materialized":
			return words[2] == "table" || words[2] == "index" || words[2] == "view"
		case "type", "schema":
			return true
		}
	case "alter", "drop":
		if words[1] == "materialized" {
			return true
		}
	default:
		return false
	}
	switch words[1] {
	case "table", "index", "view", "sequence":
		return true
	}
	return false
}
