package hazard

import (
	"fmt"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
)

var objectRules = []Rule{
	{
		Code: "CM167", Slug: "refresh-view", Docs: manual + "sql-refreshmaterializedview.html", Timed: true,
		Title: "a materialized view is refreshed while nobody may read it",
		check: refreshed,
	},
	{
		Code: "CM168", Slug: "change-trigger", Docs: manual + "sql-createtrigger.html",
		Title: "a trigger's change locks the table",
		check: trigger,
	},
	{
		Code: "CM169", Slug: "row-security", Docs: manual + "ddl-rowsecurity.html",
		Title: "row-level security is switched",
		check: rowSecurity,
	},
}

func refreshed(s scene) []Finding {
	if s.Err != nil || !s.text.begins("REFRESH", "MATERIALIZED", "VIEW") {
		return nil
	}
	name, _ := s.text.name(s.text.skip(3, "CONCURRENTLY"))
	if l, locked := s.lock(name); !locked || !l.BlocksReads() {
		return nil
	}
	return []Finding{{
		Severity: Error, Table: name,
		Title:  fmt.Sprintf("%s can't be read while it is computed anew", name),
		Reason: "The query runs from its beginning to its end under the strongest lock on the view.",
		Advice: "Refresh it CONCURRENTLY, for which it needs a unique index without a WHERE.",
		Fix:    s.safe,
	}}
}

// uniquelyIndexed reports whether a materialized view can be refreshed
// CONCURRENTLY.
func uniquelyIndexed(s catalog.Schema, view string) bool {
	return slices.ContainsFunc(s.Others, func(o catalog.Object) bool {
		return o.Kind == catalog.KindMaterializedView && o.Name == view && strings.Contains(o.Definition, "\nCREATE UNIQUE INDEX ")
	})
}

func trigger(s scene) (found []Finding) {
	for p := range s.tables() {
		l, locked := s.lock(p.after.Name)
		if !locked || !l.BlocksWrites() || slices.Equal(of(catalog.KindTrigger, p.before), of(catalog.KindTrigger, p.after)) {
			continue
		}
		found = append(found, Finding{
			Severity: Note, Table: p.after.Name,
			Title:  fmt.Sprintf("%s can't be %s for the instant in which its triggers change", p.after.Name, stopped(l.BlocksReads())),
			Reason: "The lock waits for the transactions that are there, and later ones wait behind it.",
			Advice: "Keep it away from what takes long: a file of its own.",
		})
	}
	return found
}

func of(kind catalog.Kind, t catalog.Table) []catalog.Object {
	return slices.DeleteFunc(slices.Clone(t.Others), func(o catalog.Object) bool { return o.Kind != kind })
}

const rowLevelSecurity = "ENABLE ROW LEVEL SECURITY"

func rowSecurity(s scene) (found []Finding) {
	for p := range s.tables() {
		was, is := strings.Contains(p.before.Options, rowLevelSecurity), strings.Contains(p.after.Options, rowLevelSecurity)
		if was == is {
			continue
		}
		f := Finding{
			Severity: Warning, Table: p.after.Name,
			Title:  fmt.Sprintf("everyone who may use %s sees all its rows from now on", p.after.Name),
			Reason: "Its policies are there and don't hold.",
			Advice: "Deploy what takes the policies' place first.",
		}
		if is {
			f.Title = fmt.Sprintf("who isn't the owner of %s sees only what its policies allow from now on", p.after.Name)
			f.Reason = fmt.Sprintf("When the file is done it has %s; without any, nothing is seen and nothing can be written.", policies(s, p.after))
			f.Advice = "Have policies for the roles of the running code in the same transaction."
		}
		found = append(found, f)
	}
	return found
}

func policies(s scene, t catalog.Table) string {
	final, _ := byOID(s.last(), t.OID)
	if n := len(of(catalog.KindPolicy, final)); n > 1 {
		return fmt.Sprintf("%d policies", n)
	} else if n == 1 {
		return "one policy"
	}
	return "no policy"
}
