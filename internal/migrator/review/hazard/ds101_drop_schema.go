package hazard

import "fmt"

var ds101 = Rule{
	Code: "DS101", Slug: "drop-schema", Manual: manual + "sql-dropschema.html",
	Title: "a schema is dropped",
	check: dropSchema,
}

func dropSchema(s subject) []Finding {
	if s.Err != nil || !s.stmt.begins("DROP", "SCHEMA") {
		return nil
	}
	name, _ := s.stmt.name(s.stmt.skip(2, "IF", "EXISTS"))
	return []Finding{{
		Severity: Error, Evidence: Inferred,
		Title:  fmt.Sprintf("everything in schema %s is lost", name),
		Reason: "Only a backup has what was in it.",
		Advice: "Deploy code that doesn't use the schema, and drop it in a later release.",
	}}
}
