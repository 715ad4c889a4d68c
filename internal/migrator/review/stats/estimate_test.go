package stats_test

import (
	"testing"
	"time"

	"commitment/internal/migrator/review/stats"
)

func TestEstimateOfATable(t *testing.T) {
	t.Parallel()
	big := stats.Table{Rows: 100_000_000, Bytes: 30 << 30, IndexBytes: 10 << 30}
	for name, test := range map[string]struct {
		got  stats.Estimate
		want string
	}{
		"scan":             {big.Scan(), "about 3 min, 32 GB"},
		"change":           {stats.Table{Rows: 600_000, Bytes: 90 << 20, IndexBytes: 40 << 20}.Change(), "about 40 s, 136 MB"},
		"rewrite":          {big.Rewrite(), "about 17 min, 43 GB"},
		"index build":      {big.IndexBuild(), "about 9 min, 32 GB"},
		"one on the other": {big.Scan().Plus(big.Rewrite()), "about 20 min, 75 GB"},
		"an empty table":   {stats.Table{}.Rewrite(), "less than a second, 0 bytes"},
	} {
		if got := test.got.String(); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestEstimateIsWrittenInFewFigures(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]stats.Estimate{
		"less than a second, 999 bytes": {Duration: 999 * time.Millisecond, Bytes: 999},
		"about 1 s, 1.0 kB":             {Duration: time.Second, Bytes: 1000},
		"about 99 s, 10 kB":             {Duration: 99 * time.Second, Bytes: 9_960},
		"about 2 min, 1.0 MB":           {Duration: 100 * time.Second, Bytes: 999_999},
		"about 2 h, 1.5 TB":             {Duration: 101 * time.Minute, Bytes: 1_500_000_000_000},
		"about 48 h, 5000 PB":           {Duration: 48 * time.Hour, Bytes: 5_000_000_000_000_000_000},
	} {
		if got := e.String(); got != want {
			t.Errorf("%+v is %q, want %q", e, got, want)
		}
	}
}
