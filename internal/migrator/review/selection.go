package review

import (
	"context"
	"errors"
	"fmt"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migrator/files"
)

// Selection says which migrations are reviewed. One of its fields is to be set.
type Selection struct {
	// Base is a branch, tag or commit in git. What it doesn't have is reviewed.
	Base string
	// Last is how many of the newest files are reviewed.
	Last int
	// All has every file reviewed, from an empty database on.
	All bool
}

// ErrSelection says that a selection names no files, or names them twice.
var ErrSelection = errors.New("select by a base, by a number of files, or all")

// selected is what a selection selects.
type selected struct {
	base       string // as [Report.Base] has it
	commit     string // the base's, empty without one
	older      []migrate.File
	added      []migrate.File // what is reviewed
	difference files.Difference
	behind     func([]migrate.File) []migrate.File
}

func (s Selection) of(ctx context.Context, dir *migrate.LocalDir, now []migrate.File) (selected, error) {
	none := func([]migrate.File) []migrate.File { return nil }
	switch {
	case s.Last < 0 || count(s.Base != "", s.Last > 0, s.All) != 1:
		return selected{}, ErrSelection
	case s.All:
		return selected{base: "all files", added: now, behind: none}, nil
	case s.Last > 0:
		n := min(s.Last, len(now))
		name := fmt.Sprintf("the last %d files", n)
		if n == 1 {
			name = "the last file"
		}
		return selected{base: name, older: now[:len(now)-n], added: now[len(now)-n:], behind: none}, nil
	}
	base, err := files.ReadBase(ctx, dir, s.Base)
	if err != nil {
		return selected{}, err
	}
	d := base.Compare(now)
	return selected{base: base.Name, commit: base.Commit, older: base.Files, added: d.New, difference: d, behind: base.Behind}, nil
}

func count(all ...bool) int {
	n := 0
	for _, b := range all {
		if b {
			n++
		}
	}
	return n
}

// versions are the names of the first files of each version: the base's come
// before those of now.
func (s selected) versions(now []migrate.File) map[string]string {
	first := make(map[string]string, len(now))
	for _, f := range append(append([]migrate.File{}, s.older...), now...) {
		if first[f.Version()] == "" {
			first[f.Version()] = f.Name()
		}
	}
	return first
}
