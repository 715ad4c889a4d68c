package stats_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/migrator/review/stats"
)

func TestDecodeReadsWhatEncodeWrote(t *testing.T) {
	t.Parallel()
	want := stats.Snapshot{
		Taken:  time.Date(2026, 11, 23, 4, 5, 6, 0, time.UTC),
		Server: "17.10",
		Tables: []stats.Table{{
			Name: "products", Rows: 5, Bytes: 8192, IndexBytes: 16384, Indexes: 1, WritesPerSecond: 0.25, ReadsPerSecond: 1e6,
		}},
	}
	var b bytes.Buffer
	if err := stats.Encode(&b, want); err != nil {
		t.Fatal(err)
	}
	got, err := stats.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	const taken = `"taken": "2026-11-23T00:00:00Z"`
	for name, test := range map[string]struct{ text, want string }{
		"no JSON":               {"rows: 5", "invalid character"},
		"an empty file":         {"", "EOF"},
		"a snapshot of no time": {"{}", `"taken" is missing`},
		"unknown fields":        {`{` + taken + `, "password": "x"}`, `unknown field "password"`},
		"a table without name":  {`{` + taken + `, "tables": [{"rows": 1}]}`, "no name"},
		"a table twice":         {`{` + taken + `, "tables": [{"name": "a"}, {"name": "a"}]}`, `"a" is there twice`},
		"negative numbers":      {`{` + taken + `, "tables": [{"name": "a", "bytes": -1}]}`, "negative"},
		"numbers too large":     {`{` + taken + `, "tables": [{"name": "a", "rows": 1e30}]}`, "rows"},
		"what follows":          {`{` + taken + `} {}`, "something follows"},
		"16 MiB of spaces":      {strings.Repeat(" ", 17<<20), "more than 16777216 bytes"},
		"16 MiB behind the end": {`{` + taken + `}` + strings.Repeat(" ", 17<<20), "more than 16777216 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := stats.Decode(strings.NewReader(test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Decode = %v, want an error with %q", err, test.want)
			}
		})
	}
}
