package report_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/report"
	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/trace"
)

// answer is what the JSON has besides a report.
type answer struct {
	Failed bool
	Files  []struct {
		Statements []struct{ Error string }
	}
}

// again reads a report back from its JSON.
func again(tb rapid.TB, text string) (review.Report, answer) {
	tb.Helper()
	var r review.Report
	var a answer
	for _, v := range []any{&r, &a} {
		if err := json.Unmarshal([]byte(text), v); err != nil {
			tb.Fatalf("err = %v, want JSON: %s", err, text)
		}
	}
	for i, f := range a.Files {
		for j, s := range f.Statements {
			if s.Error != "" {
				r.Files[i].Statements[j].Err = errors.New(s.Error)
			}
		}
	}
	return r, a
}

// sameReport compares all that the JSON keeps: not the schemas, and of times and
// empty lists what they mean.
var sameReport = cmp.Options{
	cmpopts.EquateEmpty(), cmpopts.IgnoreTypes(catalog.Schema{}), cmpopts.IgnoreFields(trace.Statement{}, "Duration"),
	cmp.Comparer(func(a, b error) bool { return a == nil && b == nil || a != nil && b != nil && a.Error() == b.Error() }),
}

func TestJSONCanBeReadBack(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]review.Report{"sample": sample(), "empty": empty(), "harmless": harmless()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := render(t, report.JSON, want)
			got, a := again(t, text)
			if diff := cmp.Diff(want, got, sameReport); diff != "" {
				t.Errorf("the report differs (-want +got):\n%s", diff)
			}
			if a.Failed != want.Failed() {
				t.Errorf("failed = %v, want %v", a.Failed, want.Failed())
			}
			if strings.Contains(text, "null") {
				t.Errorf("a list is null: %s", text)
			}
		})
	}
}

func TestJSONIsStableWhenReadAndWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		// What isn't UTF-8 is replaced when it is first written.
		first, _ := again(t, render(t, report.JSON, anyReport.Draw(t, "report")))
		second, _ := again(t, render(t, report.JSON, first))
		if diff := cmp.Diff(first, second, sameReport); diff != "" {
			t.Fatalf("read and written again it differs (-want +got):\n%s", diff)
		}
	})
}
