package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"commitment/internal/migrator/report"
	"commitment/internal/migrator/review"
)

// The part of SARIF 2.1.0 that is written, with what its schema requires. A
// pointer is a property that may be missing.
type (
	sarifLog struct {
		Schema  string `json:"$schema"`
		Version string `json:"version"`
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name  string      `json:"name"`
					Rules []sarifRule `json:"rules"`
				} `json:"driver"`
			} `json:"tool"`
			Invocations []struct {
				Successful    *bool `json:"executionSuccessful"`
				ExitCode      int   `json:"exitCode"`
				Notifications []struct {
					Level     string          `json:"level"`
					Message   sarifText       `json:"message"`
					Locations []sarifLocation `json:"locations"`
				} `json:"toolExecutionNotifications"`
			} `json:"invocations"`
			Results []sarifResult `json:"results"`
		} `json:"runs"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifHelp struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown"`
	}
	sarifRule struct {
		ID            string     `json:"id"`
		Name          string     `json:"name"`
		Short         sarifText  `json:"shortDescription"`
		Full          *sarifText `json:"fullDescription"`
		Help          *sarifHelp `json:"help"`
		HelpURI       *string    `json:"helpUri"`
		Configuration struct {
			Level string `json:"level"`
		} `json:"defaultConfiguration"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int  `json:"startLine"`
		StartColumn *int `json:"startColumn"`
		EndLine     *int `json:"endLine"`
		EndColumn   *int `json:"endColumn"`
	}
	sarifLocation struct {
		Physical struct {
			Artifact sarifArtifact `json:"artifactLocation"`
			Region   sarifRegion   `json:"region"`
		} `json:"physicalLocation"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      sarifText         `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints"`
		Suppressions []struct {
			Kind          string `json:"kind"`
			Status        string `json:"status"`
			Justification string `json:"justification"`
		} `json:"suppressions"`
		Fixes []struct {
			Description sarifText `json:"description"`
			Changes     []struct {
				Artifact     sarifArtifact `json:"artifactLocation"`
				Replacements []struct {
					Deleted  sarifRegion `json:"deletedRegion"`
					Inserted sarifText   `json:"insertedContent"`
				} `json:"replacements"`
			} `json:"artifactChanges"`
		} `json:"fixes"`
		Properties map[string]string `json:"properties"`
	}
)

var levels = []string{"none", "note", "warning", "error"}

// readSARIF decodes a log, unknown properties being errors, and checks what the
// schema asks for beyond the types.
func readSARIF(text string) (sarifLog, error) {
	var log sarifLog
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&log); err != nil {
		return log, err
	}
	if log.Version != "2.1.0" || len(log.Runs) != 1 || log.Runs[0].Tool.Driver.Name == "" || log.Runs[0].Results == nil {
		return log, fmt.Errorf("the log has not one run of version 2.1.0 with a tool and results")
	}
	if _, err := url.ParseRequestURI(log.Schema); err != nil {
		return log, err
	}
	run := log.Runs[0]
	for _, in := range run.Invocations {
		if in.Successful == nil {
			return log, fmt.Errorf("an invocation lacks executionSuccessful")
		}
	}
	ids := map[string]bool{}
	for _, rule := range run.Tool.Driver.Rules {
		if ids[rule.ID] || rule.Short.Text == "" && rule.ID != "" || !slices.Contains(levels, rule.Configuration.Level) {
			return log, fmt.Errorf("wrong rule %+v", rule)
		}
		ids[rule.ID] = true
		if rule.Help != nil && rule.Help.Text == "" {
			return log, fmt.Errorf("wrong help %+v", rule.Help)
		}
		if rule.HelpURI != nil {
			if u, err := url.Parse(*rule.HelpURI); err != nil || !u.IsAbs() {
				return log, fmt.Errorf("wrong helpUri %q", *rule.HelpURI)
			}
		}
	}
	seen := map[string]bool{}
	for _, result := range run.Results {
		if err := wrongResult(result, run.Tool.Driver.Rules); err != nil {
			return log, fmt.Errorf("%w: %+v", err, result)
		}
		mark := result.Fingerprints["primaryLocationLineHash"]
		if mark == "" || seen[mark] {
			return log, fmt.Errorf("the fingerprint %q isn't one", mark)
		}
		seen[mark] = true
	}
	return log, nil
}

func wrongResult(r sarifResult, rules []sarifRule) error {
	switch {
	case r.RuleIndex < 0 || r.RuleIndex >= len(rules) || rules[r.RuleIndex].ID != r.RuleID:
		return fmt.Errorf("the rule isn't there")
	case !slices.Contains(levels, r.Level) || r.Message.Text == "" || r.Suppressions == nil || len(r.Locations) != 1:
		return fmt.Errorf("level, message, suppressions or location are missing")
	}
	for _, s := range r.Suppressions {
		if s.Kind != "inSource" || s.Status != "accepted" || s.Justification == "" {
			return fmt.Errorf("the suppression is wrong")
		}
	}
	p := r.Locations[0].Physical
	if err := wrongPlace(p.Artifact, p.Region); err != nil {
		return err
	}
	for _, f := range r.Fixes {
		for _, c := range f.Changes {
			for _, x := range c.Replacements {
				if err := wrongPlace(c.Artifact, x.Deleted); err != nil {
					return err
				}
			}
			if len(c.Replacements) == 0 {
				return fmt.Errorf("a fix replaces nothing")
			}
		}
	}
	return nil
}

func wrongPlace(a sarifArtifact, r sarifRegion) error {
	u, err := url.Parse(a.URI)
	if err != nil || u.IsAbs() || a.URI == "" || strings.HasPrefix(a.URI, "/") || strings.ContainsAny(a.URI, " <>\"\\^`{|}") {
		return fmt.Errorf("%q isn't a relative URI", a.URI)
	}
	if r.StartLine < 1 || r.EndLine != nil && *r.EndLine < r.StartLine || r.StartColumn != nil && *r.StartColumn < 1 {
		return fmt.Errorf("the region is wrong")
	}
	return nil
}

func TestSARIFKeepsToItsSchema(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		if _, err := readSARIF(render(t, report.SARIF, anyReport.Draw(t, "report"))); err != nil {
			t.Fatal(err)
		}
	})
}

func prints(t *testing.T, r review.Report) []string {
	t.Helper()
	log, err := readSARIF(render(t, report.SARIF, r))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, result := range log.Runs[0].Results {
		found = append(found, result.Fingerprints["primaryLocationLineHash"])
	}
	slices.Sort(found)
	return found
}

func TestSARIFFingerprintsOutliveMovedLinesAndNewVersions(t *testing.T) {
	t.Parallel()
	moved := sample()
	for i := range moved.Files {
		f := &moved.Files[i]
		name := "20270101000000" + f.Name[len("20261201000000"):]
		for j := range f.Findings {
			f.Findings[j].File = name
			if f.Findings[j].Line > 0 {
				f.Findings[j].Line += 7
			}
		}
		for j := range f.Statements {
			f.Statements[j].Line += 7
		}
		f.Name = name
	}
	if diff := cmp.Diff(prints(t, sample()), prints(t, moved)); diff != "" {
		t.Errorf("the fingerprints differ (-before +after):\n%s", diff)
	}
	changed := sample()
	changed.Files[0].Statements[0].SQL = `CREATE INDEX "products_name" ON "products" ("name", "id");`
	if diff := cmp.Diff(prints(t, sample()), prints(t, changed)); diff == "" {
		t.Errorf("the fingerprints are the same after the statement has changed")
	}
}

func TestSARIFTellsFindingsApartThatAreAlike(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Files[0].Findings = append(r.Files[0].Findings, r.Files[0].Findings[0])
	if got, want := len(prints(t, r)), len(prints(t, sample()))+1; got != want {
		t.Errorf("fingerprints = %d, want %d", got, want)
	}
}

func TestSARIFFixes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*review.Report)
		want   string // what is inserted, and at which lines
	}{
		{"makes a file of one statement commit it by itself", func(*review.Report) {},
			"1-0: -- atlas:txmode none\n\n; 2-2: -- Built while others write; can't run in a transaction\nCREATE INDEX CONCURRENTLY \"products_name\" ON \"products\" (\"name\");"},
		{"replaces the lines of the statement", func(r *review.Report) {
			r.Files[0].Transaction = false
			r.Files[0].Statements[0].SQL = "CREATE INDEX\n  a\n  ON b (c);\n"
		}, "2-4: -- Built while others write; can't run in a transaction\nCREATE INDEX CONCURRENTLY \"products_name\" ON \"products\" (\"name\");"},
		{"leaves what needs another file to the command", func(r *review.Report) {
			other := r.Files[0].Statements[0]
			other.Line = 9
			r.Files[0].Statements = append(r.Files[0].Statements, other)
		}, ""},
		{"leaves what loses something to the command", func(r *review.Report) {
			r.Files[0].Findings[0].Fix[0].Alone, r.Files[0].Findings[0].Fix[0].Loses = false, "rows"
		}, ""},
		{"leaves a line with two statements alone", func(r *review.Report) {
			r.Files[0].Transaction = false
			r.Files[0].Statements = append(r.Files[0].Statements, r.Files[0].Statements[0])
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := sample()
			tt.change(&r)
			if got := inserted(t, r, "PG101"); got != tt.want {
				t.Errorf("inserted = %q, want %q", got, tt.want)
			}
		})
	}
}

// inserted is what the fix of a code inserts.
func inserted(t *testing.T, r review.Report, code string) string {
	t.Helper()
	log, err := readSARIF(render(t, report.SARIF, r))
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, result := range log.Runs[0].Results {
		if result.RuleID != code {
			continue
		}
		for _, f := range result.Fixes {
			for _, x := range f.Changes[0].Replacements {
				end := 0
				if x.Deleted.EndLine != nil {
					end = *x.Deleted.EndLine
				}
				parts = append(parts, fmt.Sprintf("%d-%d: %s", x.Deleted.StartLine, end, x.Inserted.Text))
			}
		}
	}
	return strings.Join(parts, "; ")
}
