package report

import (
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"commitment/docs/codes"
	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/hazard"
	"commitment/internal/printable"
)

// sumFile has the hashes of a directory: findings about the directory are shown there.
const sumFile = "atlas.sum"

// SARIF writes the findings in the Static Analysis Results Interchange Format, version
// 2.1.0. Paths are relative to the project's root.
func SARIF(w io.Writer, r review.Report) error {
	findings := worstFirst(r.All())
	rules, index := sarifRules(r.Source, findings)
	run := sarifRun{
		Tool:        sarifTool{sarifDriver{Name: "commitment migration review", Rules: rules}},
		Invocations: []sarifInvocation{sarifInvoked(r)},
		Results:     []sarifResult{},
	}
	prints := fingerprints{}
	for _, f := range findings {
		result := sarifFinding(r, f)
		result.RuleIndex = index[f.Code]
		mark := prints.of(r, f)
		// GitHub tells alerts apart only by the second name.
		result.Fingerprints = map[string]string{"finding/v1": mark, "primaryLocationLineHash": mark}
		run.Results = append(run.Results, result)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(sarifLog{
		Schema:  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		Version: "2.1.0",
		Runs:    []sarifRun{run},
	})
}

// sarifRules describes each code by its worst finding. The map leads from a code to its
// index in the list.
func sarifRules(source string, findings []hazard.Finding) ([]sarifRule, map[string]int) {
	worst := map[string]hazard.Finding{}
	for _, f := range findings {
		if known, ok := worst[f.Code]; !ok || rank(f.Severity) < rank(known.Severity) {
			worst[f.Code] = f
		}
	}
	rules, index := []sarifRule{}, map[string]int{}
	for _, id := range slices.Sorted(maps.Keys(worst)) {
		f, known := worst[id], ruleOf(id)
		index[id] = len(rules)
		rule := sarifRule{
			ID:        id,
			Name:      known.Slug,
			Short:     sarifText{printable.Text(cmp.Or(known.Title, f.Reason, f.Title, id))},
			HelpURI:   pageOf(source, id),
			Configure: sarifDefaults{sarifLevel(f.Severity)},
		}
		if help := strings.TrimSpace(printable.Text(f.Reason) + "\n\n" + printable.Text(f.Advice)); help != "" {
			rule.Full, rule.Help = &sarifText{help}, &sarifHelp{Text: help}
		}
		if page, found := codes.Page(known.Code); found {
			page = linkPages(source, page)
			rule.Help = &sarifHelp{Text: page, Markdown: page}
		}
		rules = append(rules, rule)
	}
	return rules, index
}

func sarifLevel(s hazard.Severity) string {
	if s == hazard.Error || s == hazard.Warning {
		return string(s)
	}
	return "note"
}

func sarifFinding(r review.Report, f hazard.Finding) sarifResult {
	result := sarifResult{
		RuleID: f.Code, Level: sarifLevel(f.Severity),
		Message:      sarifText{sarifMessage(f)},
		Locations:    []sarifLocation{sarifPlace(r.Dir, f.File, f.Line)},
		Suppressions: []sarifSuppression{},
		Fixes:        sarifFixes(r, f),
		Properties:   map[string]string{},
	}
	if f.Suppressed != "" {
		result.Suppressions = append(result.Suppressions, sarifSuppression{"inSource", "accepted", printable.Text(f.Suppressed)})
	}
	for name, value := range map[string]string{
		"evidence": string(f.Evidence), "table": f.Table, "lock": f.Lock, "estimate": f.Estimate,
	} {
		if value != "" {
			result.Properties[name] = value
		}
	}
	return result
}

// sarifMessage is the finding in sentences.
func sarifMessage(f hazard.Finding) string {
	var parts []string
	f.Evidence = "" // stands among the properties
	for _, s := range []string{line(f.Title), strings.Join(facts(f), ", "), line(f.Reason), line(f.Advice)} {
		if s != "" {
			parts = append(parts, strings.TrimRight(s, ".")+".")
		}
	}
	return cmp.Or(strings.Join(parts, " "), line(f.Code), "A finding without text.")
}

// sarifPlace is a line of a file; the first one if the finding is about the whole file.
func sarifPlace(dir, file string, number int) sarifLocation {
	return sarifLocation{sarifPhysical{
		Artifact: sarifArtifact{address(dir, cmp.Or(file, sumFile))},
		Region:   sarifRegion{StartLine: max(1, number)},
	}}
}

// address is a file as a relative URI, which is never empty.
func address(dir, file string) string {
	return (&url.URL{Path: cmp.Or(strings.TrimLeft(path.Join(dir, file), "/"), ".")}).String()
}

// sarifInvoked describes the run. A failed statement is a notification of the tool, in
// addition to the finding.
func sarifInvoked(r review.Report) sarifInvocation {
	in := sarifInvocation{Successful: true}
	if r.Failed() {
		in.ExitCode = 1
	}
	for _, f := range r.Files {
		for _, s := range f.Statements {
			if s.Err != nil {
				in.Notifications = append(in.Notifications, sarifNotification{
					Level:     "error",
					Message:   sarifText{"The statement failed: " + line(s.Err.Error())},
					Locations: []sarifLocation{sarifPlace(r.Dir, f.Name, s.Line)},
				})
			}
		}
	}
	return in
}

// pageLink is a link from one page about a code to another.
var pageLink = regexp.MustCompile(`\[(\w+)\]\(\w+\.md\)`)

// linkPages gives the links of a page their full addresses, or removes them if the
// addresses aren't known.
func linkPages(source, page string) string {
	return pageLink.ReplaceAllStringFunc(page, func(link string) string {
		code := pageLink.FindStringSubmatch(link)[1]
		if address := pageOf(source, code); address != "" {
			return "[" + code + "](" + address + ")"
		}
		return code
	})
}
