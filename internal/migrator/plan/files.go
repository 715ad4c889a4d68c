package plan

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
)

// versionLayout is the format of Atlas's versions, which are times in UTC.
const versionLayout = "20060102150405"

const contractSuffix = "_" + migration.ContractName

// The heads of files that contract; the first is of those that destroy data.
const (
	lossHead = `-- This file destroys data, which only a backup has afterwards. Apply it when no running
-- version of the service needs the following any more:
`
	contractHead = "-- For when no old code is left: migrate apply --phase contract\n\n"
)

// suffixes end a file's name with its purpose, taken from its first statement.
var suffixes = []struct {
	statement *regexp.Regexp
	suffix    string
}{
	{addsValue, "_enum"},
	{regexp.MustCompile(`(?i)^(CREATE|DROP|REINDEX)\b.*\bINDEX\b`), "_index"},
	{regexp.MustCompile(`(?i)\bVALIDATE CONSTRAINT\b`), "_validate"},
	{regexp.MustCompile(`(?i)\bSET NOT NULL\b`), "_not_null"},
	{regexp.MustCompile(`\bIS NOT NULL\)` + notValid + `$`), "_required"},
	{regexp.MustCompile(`^$`), "_backfill"},
}

// NextVersion is the version for the next file of dir: the present time, or one second
// after the newest version if the clock is behind it, because a file that sorts before
// an applied one would never be applied.
func NextVersion(dir migrate.Dir) (string, error) {
	files, err := dir.Files()
	if err != nil {
		return "", fmt.Errorf("read migrations: %w", err)
	}
	newest := ""
	if len(files) > 0 {
		newest = files[len(files)-1].Version()
	}
	return nextVersion(newest, time.Now()), nil
}

func nextVersion(newest string, now time.Time) string {
	now = now.UTC()
	if last, err := time.Parse(versionLayout, newest); err == nil && !now.Truncate(time.Second).After(last) {
		now = last.Add(time.Second)
	}
	return now.Format(versionLayout)
}

// Files writes steps as migrations, in order and in as few files as possible. The first
// has the given version, which is a time with seconds as Atlas has it, and each further
// one is a second later. If the name ends as that of a file that contracts, all of them
// do.
func Files(version, name string, steps []Step) ([]migrate.File, error) {
	var files []migrate.File
	name, contracts := strings.CutSuffix(name, contractSuffix)
	for i, group := range groups(steps) {
		if i > 0 {
			last, err := time.Parse(versionLayout, version)
			if err != nil {
				return nil, fmt.Errorf("version %q isn't a time, so the next file has no version", version)
			}
			version = last.Add(time.Second).Format(versionLayout)
		}
		file := version + "_" + name + suffix(group, i, contracts) + ".sql"
		files = append(files, migrate.NewLocalFile(file, []byte(text(group))))
	}
	return files, nil
}

// groups are the steps of each file.
func groups(steps []Step) [][]Step {
	var all [][]Step
	for i, s := range steps {
		if i == 0 || parted(steps[i-1], s) {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], s)
	}
	return all
}

// parted reports whether two steps can't be in one file.
func parted(before, s Step) bool {
	return s.Apart || s.Alone || before.Alone || s.Contract != before.Contract || (s.Loses == "") != (before.Loses == "")
}

// suffix ends the name of the i-th file: with its purpose, which only the first of a plan
// may do without, and if it contracts, with that.
func suffix(steps []Step, i int, contracts bool) string {
	phase := ""
	if contracts || steps[0].Contract || steps[0].Loses != "" {
		phase = contractSuffix
	}
	if i == 0 && !steps[0].Alone || steps[0].Loses != "" {
		return phase
	}
	for _, s := range suffixes {
		if s.statement.MatchString(steps[0].SQL) {
			return s.suffix + phase
		}
	}
	return phase
}

func text(steps []Step) string {
	var b strings.Builder
	if steps[0].Alone {
		b.WriteString("-- atlas:txmode none\n\n")
	}
	switch {
	case steps[0].Loses != "":
		b.WriteString(lossHead)
		for _, s := range steps {
			comment(&b, "  "+strings.ReplaceAll(s.Loses, "\n", "\n  "))
		}
		b.WriteByte('\n')
	case steps[0].Contract:
		b.WriteString(contractHead)
	}
	return b.String() + body(steps)
}

// body is statements with their comments.
func body(steps []Step) string {
	var b strings.Builder
	for _, s := range steps {
		if s.Comment != "" {
			comment(&b, s.Comment)
		}
		if s.SQL != "" {
			b.WriteString(withSemicolon(s.SQL) + "\n")
		}
	}
	return b.String()
}

func comment(b *strings.Builder, text string) {
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimRight("-- "+line, " \n") + "\n")
	}
}

func withSemicolon(sql string) string {
	sql = strings.TrimSpace(sql)
	last := sql[strings.LastIndexByte(sql, '\n')+1:]
	switch commented := strings.Contains(last, "--"); {
	case commented && !ends(sql):
		return sql + "\n;"
	case commented, strings.HasSuffix(last, ";"):
		return sql
	}
	return sql + ";"
}

// ends reports whether the next line begins another statement.
func ends(sql string) bool {
	const next = "SELECT 1"
	stmts, err := migrate.Stmts(sql + "\n" + next)
	return err == nil && stmts[len(stmts)-1].Text == next
}

// Write puts files into dir, replacing those of the same names, and updates atlas.sum.
// All of them are on disk before the first replaces another, so that a full disk
// changes nothing.
func Write(dir *migrate.LocalDir, files []migrate.File) error {
	staged, err := os.MkdirTemp(dir.Path(), ".plan-")
	if err != nil {
		return fmt.Errorf("write migrations: %w", err)
	}
	defer func() { _ = os.RemoveAll(staged) }() // it is empty by then, or doesn't matter
	stage, err := migrate.NewLocalDir(staged)
	if err != nil {
		return fmt.Errorf("write migrations: %w", err)
	}
	for _, f := range files {
		if err := stage.WriteFile(f.Name(), f.Bytes()); err != nil {
			return fmt.Errorf("write migration: %w", err)
		}
	}
	for _, f := range files {
		if err := os.Rename(filepath.Join(staged, f.Name()), filepath.Join(dir.Path(), f.Name())); err != nil {
			return fmt.Errorf("write migration: %w", err)
		}
	}
	sum, err := dir.Checksum()
	if err != nil {
		return fmt.Errorf("hash migrations: %w", err)
	}
	if err := migrate.WriteSumFile(dir, sum); err != nil {
		return fmt.Errorf("write %s: %w", migrate.HashFileName, err)
	}
	return nil
}
