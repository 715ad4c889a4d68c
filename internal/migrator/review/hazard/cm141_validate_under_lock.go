package hazard

import "commitment/internal/migrator/plan"

var cm141 = Rule{
	Code: "CM141", Slug: "validate-under-lock", Manual: alterTable, Timed: true,
	Title: "a constraint is validated under a lock that blocks others",
	check: validateUnderLock,
}

func validateUnderLock(s subject) []Finding {
	if !s.validates() {
		return nil
	}
	locks := s.blocking(s.Held)
	if len(locks) == 0 {
		return nil
	}
	l := locks[0]
	return []Finding{{
		Severity: severity(l), Table: l.Relation, Lock: l.Mode + " on " + l.Relation,
		Title:  blocked(l) + " are blocked while the constraint is validated",
		Reason: "VALIDATE itself blocks nobody, but an earlier statement of the transaction took a lock that is held until the end.",
		Advice: "Validate in a later file.",
		Fix:    s.asIs(plan.Step{Apart: true}),
	}}
}

// validates reports whether the statement scans for VALIDATE CONSTRAINT.
func (s subject) validates() bool {
	return s.stmt.begins("ALTER", "TABLE") && s.stmt.has("VALIDATE", "CONSTRAINT") && len(s.Scans) > 0
}
