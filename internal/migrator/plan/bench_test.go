package plan_test

import (
	"fmt"
	"testing"

	"commitment/internal/migrator/migratortest"

	"entgo.io/ent/dialect/sql/schema"
)

// BenchmarkDiff plans one more column in a schema of so many tables.
func BenchmarkDiff(b *testing.B) {
	for _, n := range []int{20, 2000} {
		b.Run(fmt.Sprintf("%d tables", n), func(b *testing.B) {
			s, dir := migratortest.Server(b), directory(b)
			if added := diff(b, s, dir, "before", tables(many(n)...).entities()); len(added) != 1 {
				b.Fatalf("files = %d, want 1", len(added))
			}
			after := many(n)
			after[n/2].Columns = append(after[n/2].Columns, nullable(text("note", 20)))
			for b.Loop() {
				if err := tables(after...).entities().Check(b.Context(), s, dir); err == nil {
					b.Fatal("check = nil, want a difference")
				}
			}
		})
	}
}

// many are tables of eight columns, two indexes and an edge to the one before.
func many(n int) []*schema.Table {
	var all []*schema.Table
	for i := range n {
		name := fmt.Sprintf("table_%d", i)
		t := table(name, unique(text("name", 50)), number("a"), number("b"), nullable(number("c")), withDefault(number("d"), 0), text("e", 20))
		withIndex(t, &schema.Index{Name: name + "_a_b"}, "a", "b")
		if i > 0 {
			withEdge(t, all[i-1], "before")
		}
		all = append(all, t)
	}
	return all
}
