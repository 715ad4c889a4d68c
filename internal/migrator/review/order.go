package review

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
	"commitment/internal/migrator/files"
	"commitment/internal/migrator/review/hazard"
)

const rebaseAdvice = "Run \"go run ./cmd/migrate rebase\"."

// directoryFindings are about the directory as a whole.
func directoryFindings(dir *migrate.LocalDir, now []migrate.File, s selected) []hazard.Finding {
	var found []hazard.Finding
	if len(now) == 0 {
		found = append(found, finding(codeEmpty, "", "there are no migrations",
			"A program that is built from this directory creates no tables.",
			"Check the path, or plan the first one with \"go run ./cmd/migrate diff NAME\"."))
	}
	found = append(found, sumFindings(dir)...)
	for _, f := range s.difference.Edited {
		found = append(found, finding(codeEdited, f.Name(), fmt.Sprintf("%s is another file than in %s", f.Name(), s.base),
			"Where it was applied, its new content never runs, and its sum no longer matches.",
			"Restore it, and put the change into a new file."))
	}
	for _, name := range s.difference.Removed {
		found = append(found, finding(codeRemoved, "", fmt.Sprintf("%s of %s is gone", name, s.base),
			"A database that has applied it no longer fits the directory.", "Restore it, and undo it by a new file."))
	}
	for _, r := range s.difference.Renamed {
		found = append(found, finding(codeRenamed, "", fmt.Sprintf("%s of %s is now called %s", r.From, s.base, r.To),
			"Where it was applied, it would be applied a second time under its new version.", "Give it its name back."))
	}
	return append(found, foreignDuplicates(now, s)...)
}

// foreignDuplicates are versions that are there twice without a new file that
// could be blamed.
func foreignDuplicates(now []migrate.File, s selected) []hazard.Finding {
	var found []hazard.Finding
	for _, group := range files.Duplicates(now) {
		isNew := func(name string) bool { return slices.Contains(names(s.added), name) }
		if !slices.ContainsFunc(group, isNew) {
			found = append(found, finding(codeDuplicate, "", strings.Join(group, " and ")+" have the same version", duplicateReason, ""))
		}
	}
	return found
}

// sumFindings says what of the directory doesn't match atlas.sum.
func sumFindings(dir *migrate.LocalDir) []hazard.Finding {
	err := migration.Validate(dir)
	if err == nil {
		return nil
	}
	title, advice := err.Error(), "Run \"go run ./cmd/migrate hash\" once the files are as they should be."
	sum, mismatch := errors.AsType[*migrate.ChecksumError](err)
	switch {
	case mismatch:
		title = fmt.Sprintf("%s was %s after %s was written", sum.File, sum.Reason, migrate.HashFileName)
	case conflicted(dir):
		title, advice = migrate.HashFileName+" has a conflict in it", rebaseAdvice
	case errors.Is(err, migrate.ErrChecksumNotFound):
		title = "there is no " + migrate.HashFileName
	}
	f := finding(codeSum, "", title, "Apply refuses a directory whose files aren't those that were hashed.", advice)
	if mismatch && sum.Reason != migrate.ReasonRemoved {
		f.File = sum.File
	}
	return []hazard.Finding{f}
}

func conflicted(dir *migrate.LocalDir) bool {
	content, err := os.ReadFile(filepath.Join(dir.Path(), migrate.HashFileName))
	return err == nil && bytes.Contains(content, []byte("<<<<<<< "))
}

const duplicateReason = "A version is recorded once, so only one of them would ever be applied."

// fileFindings are about a new file, apart from what its statements do. The first
// file of each version is given.
func fileFindings(f migrate.File, first map[string]string, s selected) []hazard.Finding {
	var found []hazard.Finding
	if twin := first[f.Version()]; twin != f.Name() {
		found = append(found, finding(codeDuplicate, f.Name(), "its version is also that of "+twin, duplicateReason, rebaseAdvice))
	} else if len(s.behind([]migrate.File{f})) > 0 {
		found = append(found, finding(codeBehind, f.Name(), fmt.Sprintf("it stands before the newest file of %s", s.base),
			"A database that has applied that one refuses the directory, or never runs this file.", rebaseAdvice))
	}
	if bytes.HasPrefix(f.Bytes(), []byte("\xef\xbb\xbf")) {
		found = append(found, finding(codeBOM, f.Name(), "it begins with a byte order mark",
			"PostgreSQL takes the mark for a part of the first statement.", "Save it as UTF-8 without one."))
	}
	if bytes.Contains(f.Bytes(), []byte("\r\n")) {
		found = append(found, finding(codeCRLF, f.Name(), "its lines end with CR LF",
			"Git may change them on another machine, and then the sum no longer matches. Atlas doesn't find the header of such a file.",
			"Save it with LF, and let .gitattributes say so: *.sql text eol=lf."))
	}
	if stmts, err := migration.Statements(f); err == nil && len(stmts) == 0 {
		blank := finding(codeBlank, f.Name(), "there is no statement in it", "It would be recorded as applied, and what comes into it later never runs.", "Fill it or remove it.")
		blank.Severity = hazard.Warning
		found = append(found, blank)
	}
	return found
}

// finding is an error that follows from the files themselves.
func finding(code, file, title, reason, advice string) hazard.Finding {
	return hazard.Finding{
		Code: code, Severity: hazard.Error, Evidence: hazard.Inferred,
		Title: title, Reason: reason, File: file, Advice: advice,
	}
}

func names(all []migrate.File) []string {
	list := make([]string, 0, len(all))
	for _, f := range all {
		list = append(list, f.Name())
	}
	return list
}
