package files

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
)

// Format is the format of a directory of migrations, by its name in Atlas's URLs.
type Format string

// The formats.
const (
	Atlas         Format = "atlas"
	DBMate        Format = "dbmate"
	Flyway        Format = "flyway"
	Goose         Format = "goose"
	GolangMigrate Format = "golang-migrate"
)

// Formats are all formats.
var Formats = []Format{Atlas, DBMate, Flyway, Goose, GolangMigrate}

// source is a file as it is on disk or in git.
type source struct {
	name    string
	content []byte
}

// The marks by which goose and dbmate begin what is to be applied and what reverts it.
var (
	gooseMark  = regexp.MustCompile(`^--\s*\+goose\s+(.*?)\s*$`)
	dbmateMark = regexp.MustCompile(`^--\s*migrate:(.*?)\s*$`)
)

var (
	golangMigrateName = regexp.MustCompile(`^([0-9]+)_(.*)\.(up|down)\.sql$`)
	flywayName        = regexp.MustCompile(`^([VBUR])([0-9][0-9._]*)?__(.*)\.sql$`)
	gooseName         = regexp.MustCompile(`^([0-9]+)_(.*)\.sql$`)
)

// detect returns the format of files, which is Atlas's unless a name or a mark is another
// tool's. Files in subfolders count if there are no others.
func detect(all []source) Format {
	top := slices.DeleteFunc(slices.Clone(all), func(s source) bool { return strings.Contains(s.name, "/") })
	if len(top) > 0 {
		all = top
	}
	for _, f := range all {
		base := path.Base(f.name)
		switch {
		case flywayName.MatchString(base):
			return Flyway
		case strings.HasSuffix(base, ".up.sql") && golangMigrateName.MatchString(base):
			return GolangMigrate
		case firstMark(f.content, gooseMark) != "":
			return Goose
		case strings.HasPrefix(firstMark(f.content, dbmateMark), "up"):
			return DBMate
		}
	}
	return Atlas
}

func firstMark(content []byte, mark *regexp.Regexp) string {
	for line := range bytes.Lines(content) {
		if m := mark.FindSubmatch(bytes.TrimRight(line, "\r\n")); m != nil {
			return string(m[1])
		}
	}
	return ""
}

// file is a migration of another tool, with what it applies as its content. What it
// leaves out are empty lines, so that the others keep their numbers.
type file struct {
	*migrate.LocalFile
	version, desc string
	// alone says that the statements run outside of a transaction.
	alone bool
	// revert is what the tool runs to revert the file; nil without statements.
	revert *file
}

// Version orders as text, as Atlas's versions do.
func (f *file) Version() string { return f.version }

// Desc is the name without version and endings.
func (f *file) Desc() string { return f.desc }

// Directive returns the transaction mode as Atlas's directive does.
func (f *file) Directive(name string) []string {
	if name == "txmode" && f.alone {
		return []string{"none"}
	}
	return f.LocalFile.Directive(name)
}

// Revert returns what the tool runs to revert the file, or nil. The file's name is that of
// the file that has it.
func (f *file) Revert() migrate.File {
	if f.revert == nil {
		return nil
	}
	return f.revert
}

// revertBy makes another file the revert, unless there is nothing in it.
func (f *file) revertBy(by *file) {
	if stmts, err := migration.Statements(by); err != nil || len(stmts) > 0 {
		f.revert = by // what is wrong is reported when it is tried
	}
}

// read returns the migrations among the files of a directory, in the order in which the
// format's tool applies them.
func (format Format) read(all []source) ([]migrate.File, error) {
	var (
		files []migrate.File
		err   error
	)
	all = slices.DeleteFunc(slices.Clone(all), func(s source) bool { return format != Flyway && strings.Contains(s.name, "/") })
	reverts := format.reverts(all)
	for _, s := range all {
		var f *file
		switch format {
		case Goose:
			f, err = readGoose(s)
		case DBMate:
			f = readDBMate(s)
		case GolangMigrate:
			f = readGolangMigrate(s, "up")
		case Flyway:
			f, err = readFlyway(s, "VB")
		default:
			files = append(files, migrate.NewLocalFile(s.name, s.content))
		}
		if err != nil {
			return nil, err
		}
		if f == nil {
			continue
		}
		if by := reverts[significant(f.version)]; by != nil && !isBaseline(f) {
			f.revertBy(by)
		}
		files = append(files, f)
	}
	if format == Flyway {
		files = sinceBaseline(files)
	}
	slices.SortStableFunc(files, func(a, b migrate.File) int {
		if format == Atlas {
			return strings.Compare(a.Name(), b.Name())
		}
		return strings.Compare(a.Version(), b.Version())
	})
	return files, nil
}

// reverts are the files that revert others, by what is significant of their versions.
func (format Format) reverts(all []source) map[string]*file {
	found := map[string]*file{}
	for _, s := range all {
		var f *file
		switch format {
		case GolangMigrate:
			f = readGolangMigrate(s, "down")
		case Flyway:
			f, _ = readFlyway(s, "U") // what is wrong is found with the migrations
		case Atlas, DBMate, Goose:
		}
		if f != nil {
			found[significant(f.version)] = f
		}
	}
	return found
}

// versionWidth is the length of a version that is a time. Shorter numbers are padded to
// it, because Atlas orders versions as text.
const versionWidth = len("20060102150405")

func padded(number string) string {
	number = strings.TrimLeft(number, "0")
	return strings.Repeat("0", max(versionWidth-len(number), 0)) + number
}

// significant is a version without parts at its end that are zero: Flyway takes U1.0 for the
// undo migration of V1.
func significant(version string) string {
	for zero := "." + padded("0"); strings.HasSuffix(version, zero); {
		version = strings.TrimSuffix(version, zero)
	}
	return version
}

// readGoose takes the part after "-- +goose Up", and as its revert the one after
// "-- +goose Down".
func readGoose(s source) (*file, error) {
	name := gooseName.FindStringSubmatch(s.name)
	if name == nil {
		return nil, nil
	}
	up, down := section(s.content, gooseMark, "Up"), section(s.content, gooseMark, "Down")
	if !up.there {
		return nil, fmt.Errorf("%s has no line -- +goose Up", s.name)
	}
	alone := section(s.content, gooseMark, "NO").there // NO TRANSACTION
	f := &file{migrate.NewLocalFile(s.name, up.content), padded(name[1]), name[2], alone, nil}
	f.revertBy(&file{migrate.NewLocalFile(s.name, down.content), f.version, f.desc, alone, nil})
	return f, nil
}

// readDBMate takes the part after "-- migrate:up", and as its revert the one after
// "-- migrate:down".
func readDBMate(s source) *file {
	name := gooseName.FindStringSubmatch(s.name)
	if name == nil {
		return nil
	}
	up, down := section(s.content, dbmateMark, "up"), section(s.content, dbmateMark, "down")
	f := &file{migrate.NewLocalFile(s.name, up.content), padded(name[1]), name[2], up.alone(), nil}
	f.revertBy(&file{migrate.NewLocalFile(s.name, down.content), f.version, f.desc, down.alone(), nil})
	return f
}

// marked is a part of a file that begins with a mark.
type marked struct {
	content []byte
	options string // of the mark
	there   bool
}

// alone reports whether the mark has dbmate's option for running outside of a
// transaction.
func (m marked) alone() bool { return strings.Contains(m.options, "transaction:false") }

// section is the part of a file from the mark that begins with a word to the next mark
// of up or down.
func section(content []byte, mark *regexp.Regexp, word string) (m marked) {
	within := false
	m.content = blank(content, func(line []byte) bool {
		found := mark.FindSubmatch(line)
		if found == nil {
			return within
		}
		first, options, _ := strings.Cut(string(found[1]), " ")
		switch {
		case first == word:
			within, m.there, m.options = true, true, options
		case strings.EqualFold(first, "up"), strings.EqualFold(first, "down"):
			within = false
		}
		return false
	})
	return m
}

// readGolangMigrate takes one half of a pair, up or down. The tool sends a file as one
// query, which PostgreSQL runs in one transaction: a BEGIN and a COMMIT around it add
// nothing, and a single statement needs none.
func readGolangMigrate(s source, half string) *file {
	name := golangMigrateName.FindStringSubmatch(s.name)
	if len(name) < 4 || name[3] != half {
		return nil
	}
	f := &file{migrate.NewLocalFile(s.name, s.content), padded(name[1]), name[2], false, nil}
	stmts, err := migration.Statements(f)
	if err != nil || len(stmts) == 0 {
		return f // what is wrong is reported when the file is run
	}
	first, last := stmts[0], stmts[len(stmts)-1]
	switch {
	case len(stmts) == 1:
		f.alone = migration.RefusesTransaction(first.Text)
	case beginRE.MatchString(first.Text) && commitRE.MatchString(last.Text):
		content := bytes.Clone(s.content)
		for _, stmt := range []*migrate.Stmt{first, last} {
			erase(content[stmt.Pos : stmt.Pos+len(stmt.Text)])
		}
		f.LocalFile = migrate.NewLocalFile(s.name, content)
	}
	return f
}

var (
	beginRE  = regexp.MustCompile(`(?i)^(BEGIN|START\s+TRANSACTION)(\s+(WORK|TRANSACTION))?\s*;?$`)
	commitRE = regexp.MustCompile(`(?i)^(COMMIT|END)(\s+(WORK|TRANSACTION))?\s*;?$`)
)

// readFlyway takes migrations of these kinds: versioned (V), baselines (B) or undo
// migrations (U). The tool runs a file without a transaction if a statement can't run in
// one.
func readFlyway(s source, kinds string) (*file, error) {
	name := flywayName.FindStringSubmatch(path.Base(s.name))
	switch {
	case len(name) < 4:
		return nil, nil
	case name[1] == "R":
		return nil, fmt.Errorf("%s: repeatable migrations aren't supported, because they have no version", s.name)
	case !strings.Contains(kinds, name[1]):
		return nil, nil
	}
	var parts []string
	for _, part := range strings.FieldsFunc(name[2], func(r rune) bool { return r == '.' || r == '_' }) {
		parts = append(parts, padded(part))
	}
	f := &file{migrate.NewLocalFile(s.name, s.content), strings.Join(parts, "."), name[3], false, nil}
	stmts, err := migration.Statements(f)
	f.alone = err == nil && slices.ContainsFunc(stmts, func(stmt *migrate.Stmt) bool { return migration.RefusesTransaction(stmt.Text) })
	return f, nil
}

// sinceBaseline leaves out what the newest of Flyway's baseline migrations stands for.
func sinceBaseline(files []migrate.File) []migrate.File {
	baseline := ""
	for _, f := range files {
		if isBaseline(f) {
			baseline = max(baseline, significant(f.Version()))
		}
	}
	return slices.DeleteFunc(files, func(f migrate.File) bool {
		version := significant(f.Version())
		return version < baseline || version == baseline && !isBaseline(f)
	})
}

func isBaseline(f migrate.File) bool { return strings.HasPrefix(path.Base(f.Name()), "B") }

// blank empties the lines that aren't kept.
func blank(content []byte, keep func(line []byte) bool) []byte {
	var kept bytes.Buffer
	for line := range bytes.Lines(content) {
		text := bytes.TrimRight(line, "\r\n")
		if keep(text) {
			kept.Write(line)
		} else {
			kept.Write(line[len(text):])
		}
	}
	return kept.Bytes()
}

// erase overwrites text with spaces.
func erase(text []byte) {
	for i, c := range text {
		if c != '\n' {
			text[i] = ' '
		}
	}
}
