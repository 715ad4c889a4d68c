package files_test

import (
	"os"
	"path/filepath"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/migrator/files"
	"commitment/internal/migrator/migratortest"
)

// difference is a [files.Difference] by names.
type difference struct {
	New, Edited, Removed []string
	Renamed              []files.Rename
}

func TestCompare(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(r *repository)
		want   difference
	}{
		"finds nothing on the base itself": {func(*repository) {}, difference{}},
		"finds what was committed and what wasn't": {func(r *repository) {
			migratortest.Git(r.t, r.top, "checkout", "--quiet", "-b", "topic")
			r.add("20260103000000_c.sql")
			r.commit()
			r.add("20260104000000_d.sql")
		}, difference{New: []string{"20260103000000_c.sql", "20260104000000_d.sql"}}},
		"finds edited files": {func(r *repository) {
			r.write("20260101000000_a.sql", "SELECT 1;\n")
		}, difference{Edited: []string{"20260101000000_a.sql"}}},
		"finds removed files": {func(r *repository) {
			r.remove("20260101000000_a.sql")
		}, difference{Removed: []string{"20260101000000_a.sql"}}},
		"finds renamed files, which aren't new": {func(r *repository) {
			migratortest.Git(r.t, r.top, "mv", "ent/migrations/20260102000000_b.sql", "ent/migrations/20260103000000_b.sql")
			r.add("20260104000000_c.sql")
		}, difference{
			New:     []string{"20260104000000_c.sql"},
			Renamed: []files.Rename{{From: "20260102000000_b.sql", To: "20260103000000_b.sql"}},
		}},
		"doesn't blame the branch for what the base did since": {func(r *repository) {
			migratortest.Git(r.t, r.top, "checkout", "--quiet", "-b", "topic")
			r.add("20260104000000_d.sql")
			r.commit()
			migratortest.Git(r.t, r.top, "checkout", "--quiet", "main")
			r.add("20260103000000_c.sql")
			r.write("20260101000000_a.sql", "SELECT 1;\n")
			r.remove("20260102000000_b.sql")
			r.commit()
			migratortest.Git(r.t, r.top, "checkout", "--quiet", "topic")
		}, difference{New: []string{"20260104000000_d.sql"}}},
		"doesn't take for new what was picked from the base": {func(r *repository) {
			migratortest.Git(r.t, r.top, "checkout", "--quiet", "-b", "topic")
			r.commit()
			migratortest.Git(r.t, r.top, "checkout", "--quiet", "main")
			r.add("20260103000000_c.sql")
			r.commit()
			migratortest.Git(r.t, r.top, "checkout", "--quiet", "topic")
			migratortest.Git(r.t, r.top, "cherry-pick", "main")
		}, difference{}},
		"finds a file that both branches made": {func(r *repository) {
			migratortest.Git(r.t, r.top, "checkout", "--quiet", "-b", "topic")
			r.write("20260103000000_c.sql", "CREATE TABLE c (name text);\n")
			r.commit()
			migratortest.Git(r.t, r.top, "checkout", "--quiet", "main")
			r.add("20260103000000_c.sql")
			r.commit()
			migratortest.Git(r.t, r.top, "checkout", "--quiet", "topic")
		}, difference{Edited: []string{"20260103000000_c.sql"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRepository(t, "20260101000000_a.sql", "20260102000000_b.sql")
			test.change(r)
			d := r.compare("main")
			got := difference{names(d.New), names(d.Edited), d.Removed, d.Renamed}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestBehindSeesWhatLandedMeanwhile(t *testing.T) {
	t.Parallel()
	r := newRepository(t, "20260101000000_a.sql")
	migratortest.Git(r.t, r.top, "checkout", "--quiet", "-b", "topic")
	r.add("20260102000000_b.sql", "20260104000000_d.sql")
	r.commit()
	migratortest.Git(r.t, r.top, "checkout", "--quiet", "main")
	r.add("20260103000000_c.sql")
	r.commit()
	migratortest.Git(r.t, r.top, "checkout", "--quiet", "topic")
	base := r.base("main")
	if diff := cmp.Diff([]string{"20260101000000_a.sql", "20260103000000_c.sql"}, names(base.Files)); diff != "" {
		t.Errorf("base files (-want +got):\n%s", diff)
	}
	got := names(base.OutOfOrder(base.Compare(r.files()).New))
	if diff := cmp.Diff([]string{"20260102000000_b.sql"}, got); diff != "" {
		t.Errorf("behind (-want +got):\n%s", diff)
	}
}

func TestReadBase(t *testing.T) {
	t.Parallel()

	t.Run("finds the remote's branch where there is no local one", func(t *testing.T) {
		t.Parallel()
		r := newRepository(t, "20260101000000_a.sql")
		migratortest.Git(r.t, r.top, "update-ref", "refs/remotes/origin/release", "main")
		if got := r.base("release"); got.Name != "origin/release" || len(got.Files) != 1 || len(got.Commit) != 40 {
			t.Errorf("base = %+v, want origin/release with one file", got)
		}
	})

	t.Run("has no files where the folder wasn't there", func(t *testing.T) {
		t.Parallel()
		r := newRepository(t)
		migratortest.Git(r.t, r.top, "rm", "-r", "--quiet", "--ignore-unmatch", "ent")
		if err := os.MkdirAll(r.path(""), 0o750); err != nil {
			t.Fatal(err)
		}
		r.commit()
		r.add("20260101000000_a.sql")
		if got := r.base("main"); len(got.Files) != 0 {
			t.Errorf("base files = %q, want none", names(got.Files))
		}
	})

	t.Run("reads names and contents exactly", func(t *testing.T) {
		t.Parallel()
		r := newRepository(t)
		want := map[string]string{
			"1_leer zeichen ä.sql": "-- ä\r\nSELECT 1;",
			"2_binary.sql":         "\x00\n\n\xff",
			"3_empty.sql":          "",
		}
		for name, content := range want {
			r.write(name, content)
		}
		r.commit()
		got := map[string]string{}
		for _, f := range r.base("HEAD").Files {
			got[f.Name()] = string(f.Bytes())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestReadBaseFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		ref    string
		change func(r *repository)
		want   string
	}{
		"for a ref that isn't there":          {"release", func(*repository) {}, `git knows neither "release" nor "origin/release"`},
		"for a ref that looks like an option": {"--output=/tmp/x", func(*repository) {}, `git knows neither`},
		"without a commit": {"main", func(r *repository) {
			migratortest.Git(r.t, r.top, "checkout", "--quiet", "--orphan", "other")
		}, "no commit yet"},
		"without a common commit": {"main", func(r *repository) {
			migratortest.Git(r.t, r.top, "checkout", "--quiet", "--orphan", "other")
			r.add("20260102000000_b.sql")
			r.commit()
		}, "no commit in common"},
		"outside of a repository": {"main", func(r *repository) {
			if err := os.RemoveAll(filepath.Join(r.top, ".git")); err != nil {
				r.t.Fatal(err)
			}
		}, "not a git repository"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRepository(t, "20260101000000_a.sql")
			test.change(r)
			_, err := files.ReadBase(t.Context(), &files.Dir{LocalDir: r.dir, Format: files.Atlas}, test.ref)
			wantError(t, err, test.want)
		})
	}
}

func TestReadBaseSaysThatAShallowCloneIsTooShallow(t *testing.T) {
	t.Parallel()
	origin := newRepository(t, "20260101000000_a.sql")
	migratortest.Git(t, origin.top, "checkout", "--quiet", "-b", "topic")
	origin.add("20260102000000_b.sql")
	origin.commit()
	migratortest.Git(t, origin.top, "checkout", "--quiet", "main")
	origin.add("20260103000000_c.sql")
	origin.commit()
	clone := &repository{t: t, top: t.TempDir()}
	migratortest.Git(t, clone.top, "clone", "--quiet", "--depth=1", "--no-single-branch", "--branch=topic", "file://"+origin.top, ".")
	var err error
	if clone.dir, err = migrate.NewLocalDir(clone.path("")); err != nil {
		t.Fatal(err)
	}
	_, err = files.ReadBase(t.Context(), &files.Dir{LocalDir: clone.dir, Format: files.Atlas}, "main")
	wantError(t, err, "git fetch --unshallow")
	migratortest.Git(t, clone.top, "fetch", "--quiet", "--unshallow")
	if got := names(clone.compare("main").New); !cmp.Equal(got, []string{"20260102000000_b.sql"}) {
		t.Errorf("new = %q, want the topic's file", got)
	}
}
