package files_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/migrator/files"
	"commitment/internal/migrator/migratortest"
)

func (r *repository) rebase() files.Rebased {
	r.t.Helper()
	done, err := files.Rebase(r.t.Context(), r.dir, "main")
	if err != nil {
		r.t.Fatal(err)
	}
	return done
}

// descriptions are the files' names without their versions, in order.
func (r *repository) descriptions() []string {
	r.t.Helper()
	var all []string
	for _, f := range r.files() {
		_, desc, _ := strings.Cut(f.Name(), "_")
		all = append(all, desc)
	}
	return all
}

// landed has a branch "topic", checked out, with these files, while another file
// has come to main.
func landed(t *testing.T, topic ...string) *repository {
	t.Helper()
	r := newRepository(t, "20260101000000_a.sql")
	migratortest.Git(r.t, r.top, "checkout", "--quiet", "-b", "topic")
	r.add(topic...)
	r.commit()
	migratortest.Git(r.t, r.top, "checkout", "--quiet", "main")
	r.add("20260105000000_landed.sql")
	r.commit()
	migratortest.Git(r.t, r.top, "checkout", "--quiet", "topic")
	return r
}

func TestRebaseBringsFilesBehindTheBasesNewest(t *testing.T) {
	t.Parallel()
	r := landed(t, "20260102000000_z.sql", "20260104000000_b.sql", "20260106000000_c.sql", "29990101000000_future.sql")
	done := r.rebase()
	if len(done.Renamed) != 3 || done.Renamed[0].From != "20260102000000_z.sql" || done.Renamed[2].From != "20260106000000_c.sql" || !done.Rehashed {
		t.Errorf("rebased = %+v, want three renames and new sums", done)
	}
	if diff := cmp.Diff([]string{"a.sql", "z.sql", "b.sql", "c.sql", "future.sql"}, r.descriptions()); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	r.wantValid()
	base := r.base("main")
	if behind := base.OutOfOrder(base.Compare(r.files()).New); len(behind) != 0 {
		t.Errorf("still behind: %q", names(behind))
	}
	migratortest.Git(r.t, r.top, "add", "--all")
	before := r.contents()
	if again := r.rebase(); len(again.Renamed) != 0 || again.Rehashed {
		t.Errorf("a second rebase = %+v, want nothing to do", again)
	}
	if diff := cmp.Diff(before, r.contents()); diff != "" {
		t.Errorf("a second rebase changed files (-before +after):\n%s", diff)
	}
}

func TestRebaseTakesARevertAlong(t *testing.T) {
	t.Parallel()
	r := landed(t, "20260104000000_b.sql")
	folder := filepath.Join(r.dir.Path(), "down")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "20260104000000_b.sql"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	done := r.rebase()
	if len(done.Renamed) != 1 {
		t.Fatalf("rebased = %+v, want one rename", done)
	}
	if _, err := os.Stat(filepath.Join(folder, done.Renamed[0].To)); err != nil {
		t.Error(err)
	}
}

func TestRebaseEndsTheConflictOfAMerge(t *testing.T) {
	t.Parallel()
	r := landed(t, "20260104000000_b.sql")
	out, err := migratortest.TryGit(r.t, r.top, "merge", "main")
	if err == nil || !strings.Contains(r.contents()[migrate.HashFileName], "<<<<<<<") {
		t.Fatalf("the merge has no conflict in atlas.sum: %v\n%s", err, out)
	}
	done := r.rebase()
	if len(done.Renamed) != 1 || !done.Rehashed {
		t.Errorf("rebased = %+v, want one rename and new sums", done)
	}
	if diff := cmp.Diff([]string{"a.sql", "landed.sql", "b.sql"}, r.descriptions()); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	r.wantValid()
	r.commit()
}

func TestRebaseEndsTheConflictOfAGitRebase(t *testing.T) {
	t.Parallel()
	r := landed(t, "20260106000000_b.sql")
	if out, err := migratortest.TryGit(r.t, r.top, "rebase", "main"); err == nil {
		t.Fatalf("the rebase has no conflict:\n%s", out)
	}
	if done := r.rebase(); len(done.Renamed) != 0 || !done.Rehashed {
		t.Errorf("rebased = %+v, want new sums alone", done)
	}
	r.wantValid()
	r.wantNames("20260101000000_a.sql", "20260105000000_landed.sql", "20260106000000_b.sql")
}

func TestRebaseRepairsVersionsThatAreThereTwice(t *testing.T) {
	t.Parallel()
	r := newRepository(t, "20260101000000_b.sql")
	r.add("20260101000000_a.sql", "20260102000000_c.sql", "20260102000000_d.sql")
	if done := r.rebase(); len(done.Renamed) != 3 {
		t.Errorf("renamed = %+v, want a, c and d", done.Renamed)
	}
	if diff := cmp.Diff([]string{"b.sql", "a.sql", "c.sql", "d.sql"}, r.descriptions()); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if twice := files.Duplicates(r.files()); len(twice) != 0 {
		t.Errorf("still twice: %q", twice)
	}
	r.wantValid()
}

func TestRebaseChangesNothingWhenItRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(r *repository)
		want   string
	}{
		"to hide an edit": {func(r *repository) {
			r.write("20260101000000_a.sql", "SELECT 1;\n")
		}, "20260101000000_a.sql is part of main and was edited: restore it first (git checkout main -- 20260101000000_a.sql)"},
		"to hide a removal": {func(r *repository) {
			r.remove("20260101000000_a.sql")
		}, "was removed"},
		"to hide a rename": {func(r *repository) {
			migratortest.Git(r.t, r.top, "mv", "ent/migrations/20260101000000_a.sql", "ent/migrations/20260103000000_a.sql")
		}, "was renamed to 20260103000000_a.sql"},
		"a conflict in a file": {func(r *repository) {
			r.write("20260104000000_b.sql", "<<<<<<< HEAD\nSELECT 1;\n=======\n>>>>>>> main\n")
		}, "20260104000000_b.sql has a conflict in it"},
		"versions that aren't times": {func(r *repository) {
			migratortest.Git(r.t, r.top, "checkout", "--quiet", "main")
			r.add("v9_last.sql")
			r.commit()
			migratortest.Git(r.t, r.top, "checkout", "--quiet", "topic")
		}, `no version can follow "v9"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := landed(t, "20260104000000_b.sql")
			test.change(r)
			before := r.contents()
			_, err := files.Rebase(t.Context(), r.dir, "main")
			wantError(t, err, test.want)
			if diff := cmp.Diff(before, r.contents()); diff != "" {
				t.Errorf("(-before +after):\n%s", diff)
			}
		})
	}
}
