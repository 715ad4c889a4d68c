package review

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/migrator/review/trace"
)

func TestBlocked(t *testing.T) {
	t.Parallel()
	entries, products := trace.Lock{Relation: "entries", Mode: "ACCESS EXCLUSIVE"}, trace.Lock{Relation: "products", Mode: "SHARE"}
	index, made := trace.Lock{Relation: "i", Mode: "ACCESS EXCLUSIVE", Index: true}, trace.Lock{Relation: "new", Mode: "ACCESS EXCLUSIVE", New: true}
	add := trace.Statement{Locks: []trace.Lock{entries, index, made}}
	scan := trace.Statement{Held: []trace.Lock{entries}, Locks: []trace.Lock{products}, Scans: []string{"entries"}}
	update := trace.Statement{Held: []trace.Lock{entries, products}, Writes: []trace.Write{{Table: 1}}}
	file := slices.Concat(stmt(add), stmt(scan), stmt(update))
	for name, test := range map[string]struct {
		stmts []trace.Statement
		sized bool
		want  []string
	}{
		"for an instant, whatever the sizes":    {file[:1], false, []string{"entries: for an instant"}},
		"for a time that isn't known":           {file[:2], false, []string{"entries: while 1 statement works on rows", "products: while 1 statement works on rows"}},
		"for what runs until the end":           {file, false, []string{"entries: while 2 statements work on rows", "products: while 2 statements work on rows"}},
		"for as long as the sizes say":          {file[:2], true, []string{"entries: for about 2 min", "products: for about 2 min"}},
		"for as long as rows are written, too":  {file[2:], true, []string{"entries: for less than a second", "products: for less than a second"}},
		"by nothing that nobody else could see": {stmt(trace.Statement{Locks: []trace.Lock{index, made, {Relation: "entries", Mode: "SHARE UPDATE EXCLUSIVE"}}}), false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			snapshot := production
			if !test.sized {
				snapshot = nil
			}
			var got []string
			all := blocking(test.stmts, snapshot)
			for _, b := range all.Tables {
				got = append(got, b.Table+": "+b.String())
				if b.Reads != (b.Table == "entries") {
					t.Errorf("reads of %s are blocked = %t", b.Table, b.Reads)
				}
			}
			if len(all.Tables) > 0 && all.String() != all.Tables[0].String() {
				t.Errorf("the file blocks for %s, want %s", all, all.Tables[0])
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("blocked (-want +got):\n%s", diff)
			}
		})
	}
}
