package hazard

import "strings"

var cm211 = Rule{
	Code: "CM211", Slug: "grant-to-public", Manual: manual + "sql-grant.html",
	Title: "a privilege is granted to everyone",
	check: grantToPublic,
}

func grantToPublic(s subject) []Finding {
	to := s.stmt.outside("TO")
	if !s.stmt.begins("GRANT") && !s.stmt.begins("ALTER", "DEFAULT", "PRIVILEGES") || to < 0 || !s.stmt.part(to, len(s.stmt.tokens)).has("PUBLIC") {
		return nil
	}
	return []Finding{{
		Severity: Warning, Evidence: Inferred,
		Title:  "every role of the server gets this: " + strings.Join(strings.Fields(s.stmt.sql), " "),
		Reason: "PUBLIC is all roles, those that are created later included, and a REVOKE from one of them has no effect.",
		Advice: "Grant it to the roles that need it.",
	}}
}
