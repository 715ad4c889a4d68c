package pgserver

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// serverDir is the directory of a server. All of it is private and belongs to the user
// of this process, except data and password, which belong to the server's user. That
// user must not be able to replace names in the directory, because root opens them.
type serverDir struct {
	dir       string
	throwaway bool
	user      osUser
}

func (f serverDir) data() string     { return filepath.Join(f.dir, "data") }
func (f serverDir) log() string      { return filepath.Join(f.dir, "postgres.log") }
func (f serverDir) password() string { return filepath.Join(f.dir, "password") }
func (f serverDir) lock() string     { return filepath.Join(f.dir, "lock") }

// keptDir returns the directory at dir, and creates it. If the server's user can't
// reach dir, such as in a project below a private home of root, it is a directory below
// elsewhere that is always the same for the same dir.
func keptDir(dir, elsewhere string, say func(string, ...any)) (serverDir, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return serverDir{}, fmt.Errorf("locate the data: %w", err)
	}
	f, err := makeServerDir(dir)
	if !errors.Is(err, errUnreachable) {
		return f, err
	}
	_ = os.Remove(dir) // Succeeds only if it is empty, as when just created.
	instead := filepath.Join(elsewhere, fmt.Sprintf("commitment-%x", sha256.Sum256([]byte(dir)))[:len("commitment-")+12])
	say("%v: its data are kept in %s", err, instead)
	return makeServerDir(instead)
}

// TempDir returns the directory for data that needn't outlive a test. It is in memory,
// where creating and dropping databases costs half as much, unless there is little room
// or TMPDIR is set.
func TempDir() string {
	if dir, ok := memoryDir(); ok && os.Getenv("TMPDIR") == "" {
		return dir
	}
	return os.TempDir()
}

// throwawayDir creates a temporary directory.
func throwawayDir() (serverDir, error) {
	var errs []error
	for _, parent := range slices.Compact([]string{TempDir(), os.TempDir(), "/var/tmp"}) {
		dir, err := os.MkdirTemp(parent, "commitment-postgres-")
		if err != nil {
			errs = append(errs, fmt.Errorf("create a temporary directory: %w", err))
			continue
		}
		f, err := makeServerDir(dir)
		if err == nil {
			f.throwaway = true
			return f, nil
		}
		errs = append(errs, err, os.Remove(dir))
	}
	return serverDir{}, errors.Join(errs...)
}

// makeServerDir creates the directory at dir, unless it exists. The error is
// errUnreachable if the server's user can't reach its data below dir.
func makeServerDir(dir string) (serverDir, error) {
	if err := makePrivate(dir); err != nil {
		return serverDir{}, fmt.Errorf("create the server's directory: %w", err)
	}
	dir, err := filepath.EvalSymlinks(dir) // the same name for all processes
	if err != nil {
		return serverDir{}, fmt.Errorf("locate the server's directory: %w", err)
	}
	f := serverDir{dir: dir}
	if f.user, err = serverUser(f.data()); err != nil {
		return serverDir{}, err
	}
	if f.user.canReach(dir) {
		return f, nil
	}
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // The server's user must reach its data.
		return serverDir{}, fmt.Errorf("make the server's directory accessible to its user: %w", err)
	}
	if !f.user.canReach(dir) {
		return serverDir{}, fmt.Errorf("%w: %s, user %s", errUnreachable, dir, f.user.name)
	}
	return f, nil
}

// makePrivate creates dir for this user alone, unless it exists. Missing parents get
// the usual mode, because the server's user must pass through them.
func makePrivate(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil { //nolint:gosec // See above.
		return err
	}
	if err := os.Mkdir(dir, 0o700); !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = &fs.PathError{Op: "mkdir", Path: dir, Err: unix.ENOTDIR}
	}
	return err
}

var errLocked = errors.New("locked by another process")

// tryLock locks the file at path until it is closed or the process ends. The error is
// errLocked if another process has the lock.
func tryLock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock: %w", err)
	}
	err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err == nil {
		return file, nil
	}
	_ = file.Close()
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, errLocked
	}
	return nil, fmt.Errorf("lock %s: %w", path, err)
}
