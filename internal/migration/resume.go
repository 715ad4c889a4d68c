package migration

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"
)

// resume prepares the revision of a file that an earlier run didn't finish. From the
// statement that failed on, the file may have been corrected since.
func (r *runner) resume(ctx context.Context, f migrate.File, begun *migrate.Revision) error {
	total, err := checkUnfinished(f, begun)
	if err != nil {
		return err
	}
	hash, err := r.dir.sum.SumByName(f.Name())
	if err != nil {
		return fmt.Errorf("find the hash of %s: %w", f.Name(), err)
	}
	begun.Total, begun.Hash = total, hash
	begun.Error, begun.ErrorStmt = "", "" // from here on it is unknown what becomes of the statement
	if err := r.revisions.timed().WriteRevision(ctx, begun); err != nil {
		return fmt.Errorf("resume %s: %w", f.Name(), err)
	}
	return nil
}

// checkUnfinished returns the number of the file's statements, or a
// [migrate.HistoryChangedError] if those that were applied have changed. Atlas's
// executor assumes that they are all there.
func checkUnfinished(f migrate.File, begun *migrate.Revision) (int, error) {
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

// unfinished is the revision of a file that an earlier run began and didn't finish, or
// nil. The revisions are sorted by version.
func unfinished(revs []*migrate.Revision, f migrate.File) *migrate.Revision {
	at, found := slices.BinarySearchFunc(revs, f.Version(), func(r *migrate.Revision, version string) int {
		return strings.Compare(r.Version, version)
	})
	if !found || revs[at].Applied >= revs[at].Total {
		return nil
	}
	return revs[at]
}
