package pgserver

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root runs PostgreSQL as another user")
	}
}

// privateDir returns a directory below one that only root can enter.
func privateDir(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	check(t, os.Chmod(home, 0o700))
	return filepath.Join(home, "project", "server")
}

func TestRoot(t *testing.T) {
	t.Parallel()
	needRoot(t)
	needPrograms(t)

	t.Run("runs PostgreSQL as another user, who can't reach the directory", func(t *testing.T) {
		t.Parallel()
		var said strings.Builder
		say := func(format string, args ...any) { fmt.Fprintf(&said, format, args...) }
		dir, elsewhere := privateDir(t), reachableDir(t)
		f, err := keptDir(dir, elsewhere, say)
		check(t, err)
		if filepath.Dir(f.dir) != elsewhere || exists(dir) {
			t.Errorf("directory = %s, want one in %s", f.dir, elsewhere)
		}
		if text := said.String(); !strings.Contains(text, dir) || !strings.Contains(text, f.dir) {
			t.Errorf("progress = %q, want both directories in it", text)
		}
		again, err := keptDir(dir, elsewhere, say)
		check(t, err)
		other, err := keptDir(privateDir(t), elsewhere, say)
		check(t, err)
		if again.dir != f.dir || other.dir == f.dir {
			t.Errorf("directories = %s again and %s for another, want %s only again", again.dir, other.dir, f.dir)
		}

		lock, err := tryLock(f.lock())
		check(t, err)
		s, err := startOwned(t.Context(), Options{}, f, lock)
		check(t, err)
		defer func() { check(t, s.Stop(t.Context())) }()
		uid, _, _ := owner(f.data())
		if uid == 0 || uid != f.user.cred.Uid {
			t.Errorf("owner of the data = %d, want %d", uid, f.user.cred.Uid)
		}
		if uid, _, _ := owner(fmt.Sprintf("/proc/%d", s.Pid())); exists("/proc/self") && uid != f.user.cred.Uid {
			t.Errorf("user of the server = %d, want %d", uid, f.user.cred.Uid)
		}
	})
	t.Run("refuses programs that the other user can't execute", func(t *testing.T) {
		t.Parallel()
		bin := fakePrograms(t, privateDir(t), "15.18")
		_, err := Start(t.Context(), Options{BinDir: bin})
		if err == nil || !strings.Contains(err.Error(), "can't execute the programs in "+bin) {
			t.Errorf("error = %v, want one about %s", err, bin)
		}
	})
	t.Run("runs as the owner of existing data", func(t *testing.T) {
		t.Parallel()
		data := t.TempDir()
		check(t, os.Chown(data, 12345, 54321))
		a, err := serverUser(data)
		check(t, err)
		if a.name != "12345" || a.cred.Uid != 12345 || a.cred.Gid != 54321 {
			t.Errorf("user = %s %+v, want 12345:54321", a.name, a.cred)
		}
	})
}
