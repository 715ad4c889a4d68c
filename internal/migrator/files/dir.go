package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"
)

// Dir is a folder of migrations. Those in the format of another tool are read as Atlas's:
// each has the statements that apply it, at their own lines, and a version that orders as
// text. Only a directory in Atlas's format is written.
type Dir struct {
	*migrate.LocalDir
	Format Format
}

// Open opens the folder at path. Without a format, the names and contents of its files
// tell it.
func Open(path string, format Format) (*Dir, error) {
	local, err := migrate.NewLocalDir(path)
	if err != nil {
		return nil, err
	}
	d := &Dir{LocalDir: local, Format: format}
	if format == "" {
		all, err := d.sources()
		if err != nil {
			return nil, fmt.Errorf("read migrations: %w", err)
		}
		d.Format = detect(all)
	}
	if d.Format == Goose {
		if err := checkOnlySQL(path); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// gooseProgram is the name of one of goose's migrations in Go.
var gooseProgram = regexp.MustCompile(`^[0-9]+_.*\.go$`)

// checkOnlySQL refuses a folder with migrations in Go: without them, the others can't be
// replayed.
func checkOnlySQL(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if gooseProgram.MatchString(e.Name()) && !strings.HasSuffix(e.Name(), "_test.go") {
			return fmt.Errorf("%s is a migration in Go, which only its own program can run", e.Name())
		}
	}
	return nil
}

// Files returns the migrations in the order in which they are applied.
func (d *Dir) Files() ([]migrate.File, error) {
	if d.Format == Atlas {
		return d.LocalDir.Files()
	}
	all, err := d.sources()
	if err != nil {
		return nil, err
	}
	return d.Format.read(all)
}

// at returns the migrations of a commit of the git repository.
func (d *Dir) at(ctx context.Context, commit string) ([]migrate.File, error) {
	all, err := folder(d.Path()).migrations(ctx, commit)
	if err != nil {
		return nil, err
	}
	return d.Format.read(all)
}

// sources reads the *.sql files of the folder and of those below it.
func (d *Dir) sources() ([]source, error) {
	var all []source
	err := fs.WalkDir(os.DirFS(d.Path()), ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && strings.HasPrefix(e.Name(), ".") && name != ".":
			return fs.SkipDir
		case e.IsDir() || path.Ext(name) != ".sql":
			return nil
		}
		content, err := os.ReadFile(filepath.Join(d.Path(), filepath.FromSlash(name)))
		all = append(all, source{name, content})
		return err
	})
	return all, err
}

// Open opens a file. Other tools have no atlas.sum, so theirs is that of the files as they
// are.
func (d *Dir) Open(name string) (fs.File, error) {
	f, err := d.LocalDir.Open(name)
	if name != migrate.HashFileName || d.Format == Atlas || !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	sum, err := d.Checksum()
	if err != nil {
		return nil, err
	}
	text, err := sum.MarshalText()
	if err != nil {
		return nil, err
	}
	mem := &migrate.MemDir{}
	if err := mem.WriteFile(name, text); err != nil {
		return nil, err
	}
	return mem.Open(name)
}

// Checksum returns the sums of the files: as the Atlas CLI computes them if there is an
// atlas.sum, and otherwise of the migrations alone.
func (d *Dir) Checksum() (migrate.HashFile, error) {
	_, err := fs.Stat(d.LocalDir, migrate.HashFileName)
	if d.Format == Atlas || err == nil {
		return d.LocalDir.Checksum()
	}
	files, err := d.Files()
	if err != nil {
		return nil, err
	}
	return migrate.NewHashFile(files)
}

// Writable returns the folder for writing, or an error if it is in another tool's format.
func (d *Dir) Writable() (*migrate.LocalDir, error) {
	if d.Format != Atlas {
		return nil, fmt.Errorf("%s has migrations of %s, and files are only written in Atlas's format", d.Path(), d.Format)
	}
	return d.LocalDir, nil
}

// ParseURL splits a directory's URL as Atlas writes it, such as
// file://migrations?format=goose, into its path and format. A path alone is one, too.
func ParseURL(text string) (folder string, format Format, err error) {
	folder, query, _ := strings.Cut(text, "?")
	if scheme, rest, ok := strings.Cut(folder, "://"); ok {
		if scheme != "file" {
			return "", "", fmt.Errorf("directory %s: want a folder or file://…", text)
		}
		folder = rest
	}
	format = Format(strings.TrimPrefix(query, "format="))
	if query != "" && !slices.Contains(Formats, format) {
		return "", "", fmt.Errorf("directory %s: unknown format (want one of %v)", text, Formats)
	}
	return folder, format, nil
}
