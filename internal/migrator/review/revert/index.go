package revert

import (
	"context"
	"regexp"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// buildIndexes builds the dropped indexes that are possible on the tables as the file
// leaves them: CONCURRENTLY and before anything else, so that nobody waits for them.
// The others come later, with what they need.
func (f *finder) buildIndexes(ctx context.Context) error {
	for _, p := range f.pairs() {
		for _, x := range p.before.Indexes {
			_, stays := findIndex(p.after.Indexes, x)
			if stays || x.Constraint != "" || !x.Valid || !f.canBuild(ctx, x) {
				continue
			}
			if err := f.buildIndex(ctx, x); err != nil {
				return err
			}
		}
	}
	return nil
}

// canBuild tries an index in a transaction that is rolled back, under a free name.
func (f *finder) canBuild(ctx context.Context, x catalog.Index) bool {
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return false
	}
	defer func() { _ = tx.Rollback() }() // it was only a trial
	_, err = tx.ExecContext(ctx, creation(x, "CREATE UNIQUE? INDEX commitment_trial ON "))
	return err == nil
}

// buildIndex builds an index under its own name, or a free one if that is taken.
func (f *finder) buildIndex(ctx context.Context, x catalog.Index) error {
	name := x.Name
	for f.taken(name) {
		name = truncated(name) + "_was"
	}
	f.early[name] = x.Name
	statement := creation(x, "CREATE UNIQUE? INDEX CONCURRENTLY "+sqltoken.Quote(name)+" ON ")
	if _, err := f.db.ExecContext(ctx, statement); err != nil {
		return asImpossible(statement, err)
	}
	f.result.Outside++
	return f.record(ctx, []string{statement})
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

// truncated leaves room for a suffix within PostgreSQL's 63 bytes.
func truncated(name string) string { return name[:min(len(name), 59)] }

// indexHead matches an index's definition up to the table.
var indexHead = regexp.MustCompile(`^CREATE (UNIQUE )?INDEX (?:"(?:[^"]|"")*"|\S+) ON `)

// creation is an index's definition with another head, in which "UNIQUE? " stands for
// UNIQUE if the index is unique.
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
