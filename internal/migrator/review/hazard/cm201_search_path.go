package hazard

var cm201 = Rule{
	Code: "CM201", Slug: "search-path", Manual: manual + "ddl-schemas.html#DDL-SCHEMAS-PATH",
	Title: "search_path is set",
	check: searchPath,
}

func searchPath(s subject) []Finding {
	i := s.stmt.skip(s.stmt.skip(1, "SESSION"), "LOCAL")
	set := s.stmt.begins("SET") && s.stmt.at(i, "search_path")
	called := s.stmt.begins("SELECT") && s.stmt.has("set_config") && s.stmt.has("'search_path'")
	if !set && !called {
		return nil
	}
	return []Finding{{
		Severity: Warning, Evidence: Inferred,
		Title:  "later files may run in another schema",
		Reason: "The setting lasts until the session ends, and each run has a session of its own: files that are applied in two runs make another schema than in one.",
		Advice: "Qualify the names that need it with their schema, or set search_path in the database's URL.",
	}}
}
