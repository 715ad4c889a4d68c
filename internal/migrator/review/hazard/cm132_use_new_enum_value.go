package hazard

import "commitment/internal/migrator/plan"

var cm132 = Rule{
	Code: "CM132", Slug: "use-new-enum-value", Manual: manual + "sql-altertype.html",
	Title: "a new enum value is used in the transaction that adds it",
	check: useNewEnumValue,
}

// unsafeNewEnumValue is the SQLSTATE of a statement that uses a value which its own
// transaction has added.
const unsafeNewEnumValue = "55P04"

func useNewEnumValue(s subject) []Finding {
	if !s.Transaction || !s.failedWith(unsafeNewEnumValue) {
		return nil
	}
	return []Finding{{
		Severity: Error,
		Title:    "this fails: it uses an enum value that the same transaction adds",
		Reason:   "A new value can be used only after the transaction that added it is committed.",
		Advice:   "Add enum values in a file of their own.",
		Fix:      s.asIs(plan.Step{Apart: true}),
	}}
}
