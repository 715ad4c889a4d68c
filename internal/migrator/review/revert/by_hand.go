package revert

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"ariga.io/atlas/sql/migrate"
)

// Folder is the folder, in the directory of migrations, of the reverts that are written
// by hand. Each has the name of its migration. Beside the migration, Atlas would take it
// for another one.
const Folder = "down"

// ByHand returns the revert of a file that is written by hand, or nil: down/NAME.sql for
// NAME.sql, and NAME.down.sql for NAME.up.sql. It isn't part of atlas.sum, so that it can
// be written when the file is applied already: it is tried before it is run.
func ByHand(dir migrate.Dir, f migrate.File) (migrate.File, error) {
	name := byHandName(f.Name())
	content, err := fs.ReadFile(dir, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read revert: %w", err)
	}
	return migrate.NewLocalFile(name, content), nil
}

func byHandName(file string) string {
	if pair, ok := strings.CutSuffix(file, ".up.sql"); ok {
		return pair + ".down.sql"
	}
	return Folder + "/" + file
}
