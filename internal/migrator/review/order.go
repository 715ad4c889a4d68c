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
func directoryFindings(dir *files.Dir, now []migrate.File, s selected) []hazard.Finding {
	var found []hazard.Finding
	if len(now) == 0 {
		found = append(found, finding(codeEmpty, "", "there are no migrations",
			"A program built from this directory creates no tables.",
			"Check the path, or plan the first one with \"go run ./cmd/migrate diff NAME\"."))
	}
	found = append(found, sumFindings(dir)...)
	for _, f := range s.difference.Edited {
		found = append(found, finding(codeEdited, f.Name(), fmt.Sprintf("%s differs from the one in %s", f.Name(), s.base),
			"Where it is applied, its new content never runs, and its hash no longer matches.",
			"Restore it, and write the change as a new file."))
	}
	for _, name := range s.difference.Removed {
		found = append(found, finding(codeRemoved, "", fmt.Sprintf("%s of %s is missing", name, s.base),
			"A database that has applied it no longer matches the directory.", "Restore it, and undo it in a new file."))
	}
	for _, r := range s.difference.Renamed {
		found = append(found, finding(codeRenamed, "", fmt.Sprintf("%s of %s was renamed to %s", r.From, s.base, r.To),
			"Where it is applied, it would be applied again under its new version.", "Restore its name."))
	}
	return append(found, foreignDuplicates(now, s)...)
}

// foreignDuplicates are duplicate versions among the files that aren't new.
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

// sumFindings reports how the directory differs from atlas.sum.
func sumFindings(dir *files.Dir) []hazard.Finding {
	err := migration.Validate(dir)
	if err == nil {
		return nil
	}
	title, advice := err.Error(), "Run \"go run ./cmd/migrate hash\" once the files are right."
	sum, mismatch := errors.AsType[*migrate.ChecksumError](err)
	switch {
	case mismatch:
		title = fmt.Sprintf("%s was %s after %s was written", sum.File, sum.Reason, migrate.HashFileName)
	case conflicted(dir):
		title, advice = migrate.HashFileName+" has an unresolved conflict", rebaseAdvice
	case errors.Is(err, migrate.ErrChecksumNotFound):
		title = "there is no " + migrate.HashFileName
	}
	f := finding(codeSum, "", title, "Apply refuses a directory that doesn't match its atlas.sum.", advice)
	if mismatch && sum.Reason != migrate.ReasonRemoved {
		f.File = sum.File
	}
	return []hazard.Finding{f}
}

func conflicted(dir *files.Dir) bool {
	content, err := os.ReadFile(filepath.Join(dir.Path(), migrate.HashFileName))
	return err == nil && bytes.Contains(content, []byte("<<<<<<< "))
}

const duplicateReason = "A version is recorded once, so only one of the files would ever be applied."

// fileFindings are about a new file, apart from what its statements do; first is the
// first file of each version.
func fileFindings(f migrate.File, first map[string]string, s selected) []hazard.Finding {
	var found []hazard.Finding
	if twin := first[f.Version()]; twin != f.Name() {
		found = append(found, finding(codeDuplicate, f.Name(), "it has the same version as "+twin, duplicateReason, rebaseAdvice))
	} else if len(s.outOfOrder([]migrate.File{f})) > 0 {
		found = append(found, finding(codeBehind, f.Name(), fmt.Sprintf("it is older than the newest file of %s", s.base),
			"A database that has applied that one refuses the directory, or never runs this file.", rebaseAdvice))
	}
	if bytes.HasPrefix(f.Bytes(), []byte("\xef\xbb\xbf")) {
		found = append(found, finding(codeBOM, f.Name(), "it begins with a byte order mark",
			"PostgreSQL reads the mark as part of the first statement.", "Save it as UTF-8 without one."))
	}
	if bytes.Contains(f.Bytes(), []byte("\r\n")) {
		found = append(found, finding(codeCRLF, f.Name(), "it has CR LF line ends",
			"Git may convert them on another machine, and then the hash no longer matches. Atlas doesn't find the directives at the head of such a file.",
			"Save it with LF, and add *.sql text eol=lf to .gitattributes."))
	}
	if stmts, err := migration.Statements(f); err == nil && len(stmts) == 0 {
		blank := finding(codeBlank, f.Name(), "it has no statement", "It would be recorded as applied, and what is added to it later never runs.", "Write the statements, or remove the file.")
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
