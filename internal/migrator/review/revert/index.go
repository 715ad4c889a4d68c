package revert

import (
	"context"
	"regexp"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// buildIndexes makes the indexes that the file has dropped and that can be made on
// the tables as the file leaves them: CONCURRENTLY, before anything else, so that
// nobody waits for it. The others come later, with what they need.
func (f *finder) buildIndexes(ctx context.Context) error {
	for _, p := range f.pairs() {
		for _, x := range p.before.Indexes {
			_, stays := findIndex(p.after.Indexes, x)
			if stays || x.Constraint != "" || !x.Valid || !f.works(ctx, x) {
				continue
			}
			if err := f.buildIndex(ctx, x); err != nil {
				return err
			}
		}
	}
	return nil
}

// works tries an index in a transaction that is rolled back, under a name that is
// free.
func (f *finder) works(ctx context.Context, x catalog.Index) bool {
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return false
	}
	defer func() { _ = tx.Rollback() }() // it was only a trial
	_, err = tx.ExecContext(ctx, creation(x, "CREATE UNIQUE? INDEX commitment_trial ON "))
	return err == nil
}

// buildIndex makes an index under its own name, or a free one if that is taken.
func (f *finder) buildIndex(ctx context.Context, x catalog.Index) error {
	name := x.Name
	for f.taken(name) {
		name = shortened(name) + "_was"
	}
	f.early[name] = x.Name
	statement := creation(x, "CREATE UNIQUE? INDEX CONCURRENTLY "+sqltoken.Quote(name)+" ON ")
	if _, err := f.db.ExecContext(ctx, statement); err != nil {
		return refused(statement, err)
	}
	f.result.Outside++
	return f.took(ctx, []string{statement})
}

func (f *finder) taken(name string) bool {
	for _, t := range f.present.Tables {
		for _, x := range t.Indexes {
			if x.Name == name {
				return true
			}
		}
	}
	return false
}

// shortened leaves room for a suffix: PostgreSQL cuts names at 63 bytes.
func shortened(name string) string { return name[:min(len(name), 59)] }

// indexHead is all of a definition up to the table.
var indexHead = regexp.MustCompile(`^CREATE (UNIQUE )?INDEX (?:"(?:[^"]|"")*"|\S+) ON `)

// creation is an index's definition with another head, in which "UNIQUE? " is or
// isn't there.
func creation(x catalog.Index, head string) string {
	found := indexHead.FindStringSubmatchIndex(x.Definition)
	if found == nil {
		return x.Definition
	}
	unique := ""
	if x.Unique {
		unique = "UNIQUE "
	}
	return strings.Replace(head, "UNIQUE? ", unique, 1) + x.Definition[found[1]:]
}
