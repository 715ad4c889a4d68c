package revert

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
)

// ByHand returns the revert of a file that is written by hand, or nil: what the tool
// runs in whose format the file is, or what is at [migration.RevertName], unless there is
// no statement in it. It isn't part of atlas.sum, so that it can be written when the file
// is applied already: it is tried before it is run.
func ByHand(dir migrate.Dir, f migrate.File) (migrate.File, error) {
	if own, ok := f.(interface{ Revert() migrate.File }); ok {
		if by := own.Revert(); by != nil {
			return by, nil
		}
	}
	name := migration.RevertName(f.Name())
	content, err := fs.ReadFile(dir, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read revert: %w", err)
	}
	by := migrate.NewLocalFile(name, content)
	if stmts, err := migration.Statements(by); err == nil && len(stmts) == 0 {
		return nil, nil
	}
	return by, nil // what is wrong is reported when it is tried
}

// runByHand runs the statements of a file that is written by hand.
func (f *finder) runByHand(ctx context.Context, file migrate.File) error {
	within, err := migration.InTransaction(file)
	if err != nil {
		return &notFoundError{err.Error()}
	}
	stmts, err := migration.Statements(file)
	if err != nil {
		return &notFoundError{err.Error()}
	}
	var all []string
	for _, s := range stmts {
		all = append(all, strings.TrimSuffix(s.Text, ";"))
	}
	if within {
		err = f.advance(ctx, all)
	} else {
		for _, s := range all {
			if err = f.outside(ctx, s, ""); err != nil {
				break
			}
		}
	}
	if err != nil {
		return err
	}
	return f.readProperties(ctx)
}
