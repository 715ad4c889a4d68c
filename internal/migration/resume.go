package migration

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"ariga.io/atlas/sql/migrate"
)

// resume readies the revision of a file that an earlier run has begun. From the
// statement on that failed the file may have been mended since.
func (r *runner) resume(ctx context.Context, f migrate.File, begun *migrate.Revision) error {
	total, err := checkBegun(f, begun)
	if err != nil {
		return err
	}
	hash, err := r.dir.sum.SumByName(f.Name())
	if err != nil {
		return fmt.Errorf("find the sum of %s: %w", f.Name(), err)
	}
	begun.Total, begun.Hash = total, hash
	begun.Error, begun.ErrorStmt = "", "" // from here on it is unknown what becomes of the statement
	if err := r.revisions.WriteRevision(ctx, begun); err != nil {
		return fmt.Errorf("resume %s: %w", f.Name(), err)
	}
	return nil
}

// checkBegun returns the number of the file's statements, or a
// [migrate.HistoryChangedError] when those that were applied aren't the same any
// more. Atlas's executor takes for granted that they are all there.
func checkBegun(f migrate.File, begun *migrate.Revision) (int, error) {
	stmts, err := Statements(f)
	if err != nil {
		return 0, err
	}
	sum := sha256.New()
	for i := range begun.Applied {
		if i >= len(stmts) || i >= len(begun.PartialHashes) {
			return 0, migrate.HistoryChangedError{File: f.Name(), Stmt: i + 1}
		}
		_, _ = sum.Write([]byte(stmts[i].Text)) // a hash never fails
		if base64.StdEncoding.EncodeToString(sum.Sum(nil)) != strings.TrimPrefix(begun.PartialHashes[i], "h1:") {
			return 0, migrate.HistoryChangedError{File: f.Name(), Stmt: i + 1}
		}
	}
	return len(stmts), nil
}

// begunBy is the revision of a file that was begun and not finished, or nil. It
// can only be the newest one.
func begunBy(revs []*migrate.Revision, f migrate.File) *migrate.Revision {
	if len(revs) == 0 || revs[len(revs)-1].Version != f.Version() {
		return nil
	}
	return revs[len(revs)-1]
}
