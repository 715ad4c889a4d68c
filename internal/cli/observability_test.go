package cli_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"commitment/internal/pgtest"
	"commitment/internal/pgtest/replica"
)

// TestDashboardsShowWhatIsExported compares the metrics and labels in the queries of the
// dashboard and of the alerts with those that a service exports.
func TestDashboardsShowWhatIsExported(t *testing.T) {
	t.Parallel()
	queries := append(dashboardQueries(t), alertQueries(t)...)
	if len(queries) < 20 {
		t.Fatalf("queries = %q, want those of the dashboard and of the alerts", queries)
	}
	cluster := replica.Start(t, 1)
	p := serve(t, "DATABASE_URL="+cluster.Primary.Login(), "DATABASE_REPLICA_URLS="+cluster.Replicas[0].Login())
	get(t, p.base(t)+"/nowhere")
	// A job, which works across tenants.
	cluster.Primary.Exec("INSERT INTO river_job (kind, args, max_attempts) VALUES ('delete_expired_idempotency_keys', '{}', 1)")
	var missing []string
	t.Cleanup(func() {
		for _, m := range missing {
			t.Error(m)
		}
	})
	pgtest.WaitFor(t, "the service exports what is shown", func() bool {
		missing = nil
		exported := scraped(get(t, p.base(t)+"/metrics").body)
		for _, q := range queries {
			missing = append(missing, notExported(q, exported)...)
		}
		return len(missing) == 0
	})
}

// dashboardQueries returns the queries of all panels.
func dashboardQueries(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/grafana/dashboard.json")
	check(t, err)
	var dashboard struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	check(t, json.Unmarshal(text, &dashboard))
	var queries []string
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			queries = append(queries, target.Expr)
		}
	}
	return queries
}

// alertQueries returns the queries of all alerts, each of which is on a line of its own.
func alertQueries(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/prometheus/alerts.yaml")
	check(t, err)
	var queries []string
	for _, match := range regexp.MustCompile(`(?m)^ +expr: (.+)$`).FindAllStringSubmatch(string(text), -1) {
		queries = append(queries, match[1])
	}
	if alerts := strings.Count(string(text), "- alert: "); alerts != len(queries) {
		t.Errorf("%d alerts have %d queries", alerts, len(queries))
	}
	return queries
}

var (
	sample     = regexp.MustCompile(`(?m)^([a-z_]+)(?:\{(.*)\})? `)
	label      = regexp.MustCompile(`([a-z_]+)\s*(?:=~|!~|!=|=)"`)
	quoted     = regexp.MustCompile(`"[^"]*"`)
	rangeOf    = regexp.MustCompile(`\[[^\]]*\]`)
	grouping   = regexp.MustCompile(`\b(?:by|without|on|ignoring) \(([^)]*)\)`)
	selector   = regexp.MustCompile(`\b([a-z_]+)\{([^}]*)\}`)
	identifier = regexp.MustCompile(`\b[a-z_]+\b(\s*\()?`)
)

// scraped returns the labels of each metric in Prometheus's text format. Prometheus adds
// some, and a metric.
func scraped(text string) map[string][]string {
	exported := map[string][]string{"up": {"job", "instance"}}
	for _, match := range sample.FindAllStringSubmatch(text, -1) {
		labels := []string{"job", "instance"}
		for _, l := range label.FindAllStringSubmatch(match[2], -1) {
			labels = append(labels, l[1])
		}
		exported[match[1]] = labels
	}
	return exported
}

// notExported returns what a query of PromQL asks for in vain.
func notExported(query string, exported map[string][]string) []string {
	text := rangeOf.ReplaceAllString(query, "")
	used := map[string][]string{} // labels by metric
	for _, match := range selector.FindAllStringSubmatch(text, -1) {
		for _, l := range label.FindAllStringSubmatch(match[2], -1) {
			used[match[1]] = append(used[match[1]], l[1])
		}
	}
	text = selector.ReplaceAllString(text, "${1}")
	var groups []string
	for _, match := range grouping.FindAllStringSubmatch(text, -1) {
		groups = append(groups, strings.Split(match[1], ", ")...)
	}
	text = quoted.ReplaceAllString(grouping.ReplaceAllString(text, ""), "")
	for _, match := range identifier.FindAllStringSubmatch(text, -1) {
		if match[1] == "" {
			used[match[0]] = append(used[match[0]], groups...)
		}
	}
	var found []string
	for metric, labels := range used {
		if exported[metric] == nil {
			found = append(found, "no metric "+metric+", which is in "+query)
			continue
		}
		for _, l := range labels {
			if !slices.Contains(exported[metric], l) {
				found = append(found, "no label "+l+" of "+metric+", which is in "+query)
			}
		}
	}
	return found
}

func TestNotExported(t *testing.T) {
	t.Parallel()
	exported := scraped("# HELP a_total A.\na_total{x=\"1\",y=\"2\"} 3\nb 4\nc_bucket{le=\"+Inf\"} 5\n")
	for query, want := range map[string][]string{
		`sum by (x) (rate(a_total{y=~"2|d"}[$__rate_interval])) / 2`:    nil,
		`histogram_quantile(0.5, sum by (le) (rate(c_bucket[5m]))) > 1`: nil,
		`up{job="j"} == 0`:         nil,
		`d`:                        {"no metric d, which is in d"},
		`a_total{z="1"} > 0`:       {`no label z of a_total, which is in a_total{z="1"} > 0`},
		`sum by (x) (rate(b[1m]))`: {"no label x of b, which is in sum by (x) (rate(b[1m]))"},
	} {
		if got := notExported(query, exported); !slices.Equal(got, want) {
			t.Errorf("notExported(%q) = %q, want %q", query, got, want)
		}
	}
}
