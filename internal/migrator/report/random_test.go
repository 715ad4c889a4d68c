package report_test

import (
	"errors"
	"fmt"

	"pgregory.net/rapid"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/plan"
	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/compat"
	"commitment/internal/migrator/review/hazard"
	"commitment/internal/migrator/review/revert"
	"commitment/internal/migrator/review/trace"
)

// anyText is text that tries to be more than text.
var anyText = rapid.OneOf(
	rapid.String(),
	rapid.SampledFrom([]string{
		"", " ", "products", `"Quoted"`, "a\nb", "<script>alert(1)</script>", "</code></details>", "```\n</details>", "`", "|", "\x1b[31mred", "\x9b31m",
		"\u202eevil", "::error::x", "%0A", "a,b:c", "\\", "-->", "<!--", "javascript:alert(1)", "javascript://example.com/%0aalert(1)", "https://example.com/<>\"", "\xff\xfe", "\u2028", "帳戶", "e\u0301", "&amp;", "]]>", "{{.}}", "erDiagram", "\"] {",
		"\uffff", "\x00", "@team #1 $x$", "CREATE INDEX a ON b (c);",
	}),
)

var anyLock = rapid.Custom(func(t *rapid.T) trace.Lock {
	return trace.Lock{
		Relation: anyText.Draw(t, "relation"), Index: rapid.Bool().Draw(t, "index"),
		Mode: rapid.SampledFrom([]string{"ACCESS SHARE", "SHARE UPDATE EXCLUSIVE", "SHARE", "ACCESS EXCLUSIVE", "<b>"}).Draw(t, "mode"),
		New:  rapid.Bool().Draw(t, "new"),
	}
})

var anyFinding = rapid.Custom(func(t *rapid.T) hazard.Finding {
	return hazard.Finding{
		Code: rapid.OneOf(rapid.Just("PG101"), anyText).Draw(t, "code"), Title: anyText.Draw(t, "title"), Reason: anyText.Draw(t, "reason"),
		Severity: rapid.SampledFrom([]hazard.Severity{hazard.Error, hazard.Warning, hazard.Note}).Draw(t, "severity"),
		Evidence: rapid.SampledFrom([]hazard.Evidence{hazard.Measured, hazard.Inferred}).Draw(t, "evidence"),
		File:     rapid.OneOf(rapid.SampledFrom([]string{"f0", "f1"}), anyText).Draw(t, "file"), Line: rapid.IntRange(0, 4).Draw(t, "line"),
		Table: anyText.Draw(t, "table"), Lock: "SHARE on " + anyText.Draw(t, "lock"), Estimate: anyText.Draw(t, "estimate"),
		Advice: anyText.Draw(t, "advice"), Fix: rapid.SliceOfN(anyStep, 0, 3).Draw(t, "fix"),
		Docs: anyText.Draw(t, "docs"), Suppressed: rapid.OneOf(rapid.Just(""), anyText).Draw(t, "suppressed"),
	}
})

var anyStep = rapid.Custom(func(t *rapid.T) plan.Step {
	return plan.Step{
		SQL: anyText.Draw(t, "sql"), Comment: anyText.Draw(t, "comment"), Loses: anyText.Draw(t, "loses"),
		Alone: rapid.Bool().Draw(t, "alone"), Apart: rapid.Bool().Draw(t, "apart"),
	}
})

var anyStatement = rapid.Custom(func(t *rapid.T) trace.Statement {
	s := trace.Statement{
		Line: rapid.IntRange(1, 4).Draw(t, "line"), SQL: anyText.Draw(t, "sql"), Transaction: rapid.Bool().Draw(t, "transaction"),
		Locks: rapid.SliceOfN(anyLock, 0, 3).Draw(t, "locks"), Held: rapid.SliceOfN(anyLock, 0, 3).Draw(t, "held"),
		Rewrites: rapid.SliceOfN(anyText, 0, 2).Draw(t, "rewrites"), Scans: rapid.SliceOfN(anyText, 0, 2).Draw(t, "scans"),
	}
	if rapid.Bool().Draw(t, "fails") {
		s.Err = errors.New(anyText.Draw(t, "err"))
	}
	return s
})

var anyBreak = rapid.Custom(func(t *rapid.T) compat.Break {
	return compat.Break{
		Release: rapid.SampledFrom([]string{"old", "new"}).Draw(t, "release"), Schema: rapid.SampledFrom([]string{"before", "after"}).Draw(t, "schema"),
		Entity: anyText.Draw(t, "entity"), Operation: anyText.Draw(t, "operation"), SQL: anyText.Draw(t, "sql"), Error: anyText.Draw(t, "error"),
	}
})

func anyFile(t *rapid.T, name string) review.File {
	f := review.File{
		Name: name, Transaction: rapid.Bool().Draw(t, "transaction"),
		Statements: rapid.SliceOfN(anyStatement, 0, 3).Draw(t, "statements"),
		Findings:   rapid.SliceOfN(anyFinding, 0, 3).Draw(t, "findings"),
		Revert: revert.Plan{
			Grade:      rapid.SampledFrom([]revert.Grade{"", revert.Lossless, revert.Lossy, revert.Manual, revert.Impossible}).Draw(t, "grade"),
			Statements: rapid.SliceOfN(anyText, 0, 2).Draw(t, "down"), Lost: rapid.SliceOfN(anyText, 0, 2).Draw(t, "lost"),
			Replayed: rapid.Bool().Draw(t, "replayed"), OnRows: rapid.Bool().Draw(t, "on rows"),
			ByHand: rapid.SampledFrom([]string{"", "down/x.sql"}).Draw(t, "by hand"), Findings: rapid.SliceOfN(anyFinding, 0, 2).Draw(t, "findings of the revert"),
		},
	}
	if rapid.Bool().Draw(t, "compat") {
		f.Compat = &compat.Verdict{
			Order:  rapid.SampledFrom([]compat.Order{compat.Either, compat.MigrationFirst, compat.CodeFirst, compat.TwoReleases, compat.NewBreaks}).Draw(t, "order"),
			Breaks: rapid.SliceOfN(anyBreak, 0, 3).Draw(t, "breaks"),
		}
	}
	return f
}

// anySchema has tables that point at one another, in circles, too.
func anySchema(t *rapid.T, names []string) catalog.Schema {
	s := catalog.Schema{Name: "public"}
	for _, name := range names {
		if rapid.IntRange(0, 4).Draw(t, "missing") == 0 {
			continue
		}
		table := catalog.Table{Name: name, Constraints: []catalog.Constraint{primaryKey("pk")}}
		table.Columns = append(table.Columns, catalog.Column{Name: "id", Type: "uuid", NotNull: true})
		for i := range rapid.IntRange(0, 4).Draw(t, "columns") {
			column := fmt.Sprintf("c%d%s", i, anyText.Draw(t, "column"))
			table.Columns = append(table.Columns, catalog.Column{Name: column, Type: anyText.Draw(t, "type"), Default: anyText.Draw(t, "default")})
			if rapid.Bool().Draw(t, "key") {
				table.Constraints = append(table.Constraints, foreignKey(fmt.Sprintf("fk%d", i), column, rapid.SampledFrom(names).Draw(t, "to")))
			}
		}
		s.Tables = append(s.Tables, table)
	}
	return s
}

var anyReport = rapid.Custom(func(t *rapid.T) review.Report {
	names := rapid.SliceOfNDistinct(anyText, 1, 12, rapid.ID[string]).Draw(t, "tables")
	r := review.Report{
		Dir: anyText.Draw(t, "dir"), Base: anyText.Draw(t, "base"), Server: anyText.Draw(t, "server"),
		Source:   rapid.OneOf(rapid.SampledFrom([]string{"", "https://example.com/blob/"}), anyText).Draw(t, "source"),
		Findings: rapid.SliceOfN(anyFinding, 0, 3).Draw(t, "findings"),
		Before:   anySchema(t, names), After: anySchema(t, names),
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "files") {
		r.Files = append(r.Files, anyFile(t, rapid.OneOf(rapid.Just(fmt.Sprintf("f%d", i)), anyText).Draw(t, "name")))
	}
	kinds := []catalog.Kind{catalog.KindTable, catalog.KindColumn, catalog.KindIndex, catalog.KindView, "<i>"}
	for range rapid.IntRange(0, 6).Draw(t, "changes") {
		r.Changes = append(r.Changes, catalog.Change{
			Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Table: rapid.SampledFrom(names).Draw(t, "table"),
			Name:   rapid.OneOf(rapid.SampledFrom(names), rapid.Just("id"), anyText).Draw(t, "changed"),
			Before: anyText.Draw(t, "before"), After: anyText.Draw(t, "after"),
		})
	}
	return r
})
