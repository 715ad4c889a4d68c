package revert

import (
	"context"
	"database/sql"
	"errors"

	"ariga.io/atlas/sql/migrate"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/migration"
	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/dev"
	"commitment/internal/migrator/review/rows"
)

// sample is a database with rows, to which one file after another is applied.
type sample struct{ db *dev.Database }

// newSample copies a database and fills the tables of the copy.
func newSample(ctx context.Context, empty *dev.Database, schema catalog.Schema) (*sample, error) {
	db, err := empty.Clone(ctx)
	if err != nil {
		return nil, err
	}
	s := &sample{db}
	if _, err := rows.Fill(ctx, db.DB, schema, nil, false); err != nil {
		return nil, errors.Join(err, s.drop(ctx))
	}
	return s, nil
}

func (s *sample) drop(ctx context.Context) error { return s.db.Drop(ctx) }

func (s *sample) clone(ctx context.Context) (*sql.DB, func() error, error) {
	db, err := s.db.Clone(ctx)
	if err != nil {
		return nil, nil, err
	}
	return db.DB, func() error { return db.Drop(ctx) }, nil
}

// apply applies a file. If that fails on the rows, the sample goes on with others, in a
// copy of a database to which it was applied.
func (s *sample) apply(ctx context.Context, f migrate.File, empty *dev.Database, schema catalog.Schema) error {
	err := migration.Replay(ctx, s.db.DB, []migrate.File{f})
	if _, refused := errors.AsType[*pgconn.PgError](err); refused {
		next, err := newSample(ctx, empty, schema)
		if err != nil {
			return err
		}
		err = s.drop(ctx)
		s.db = next.db
		return err
	}
	if err != nil {
		return err
	}
	_, err = rows.Fill(ctx, s.db.DB, schema, nil, false)
	return err
}
