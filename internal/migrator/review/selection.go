package review

import (
	"context"
	"errors"
	"fmt"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migrator/files"
)

// Selection selects the migrations to review. Set one of its fields.
type Selection struct {
	// Base is a branch, tag or commit in git. The files that it doesn't have are
	// reviewed.
	Base string
	// Last is the number of newest files to review.
	Last int
	// All reviews every file, starting with an empty database.
	All bool
}

// ErrSelection reports a selection with no field set, or several.
var ErrSelection = errors.New("select files by a base, by a number, or all of them")

// selected is the result of a selection.
type selected struct {
	base       string // as [Report.Base] has it
	commit     string // the base's, empty without one
	older      []migrate.File
	added      []migrate.File // what is reviewed
	difference files.Difference
	outOfOrder func([]migrate.File) []migrate.File
}

func (s Selection) of(ctx context.Context, dir *files.Dir, now []migrate.File) (selected, error) {
	none := func([]migrate.File) []migrate.File { return nil }
	switch {
	case s.Last < 0 || count(s.Base != "", s.Last > 0, s.All) != 1:
		return selected{}, ErrSelection
	case s.All:
		return selected{base: "all files", added: now, outOfOrder: none}, nil
	case s.Last > 0:
		n := min(s.Last, len(now))
		name := fmt.Sprintf("the last %d files", n)
		if n == 1 {
			name = "the last file"
		}
		return selected{base: name, older: now[:len(now)-n], added: now[len(now)-n:], outOfOrder: none}, nil
	}
	base, err := files.ReadBase(ctx, dir, s.Base)
	if err != nil {
		return selected{}, err
	}
	d := base.Compare(now)
	return selected{base: base.Name, commit: base.Commit, older: base.Files, added: d.New, difference: d, outOfOrder: base.OutOfOrder}, nil
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

// versions are the names of the first file of each version; the base's come before
// those of now.
func (s selected) versions(now []migrate.File) map[string]string {
	first := make(map[string]string, len(now))
	for _, f := range append(append([]migrate.File{}, s.older...), now...) {
		if first[f.Version()] == "" {
			first[f.Version()] = f.Name()
		}
	}
	return first
}
