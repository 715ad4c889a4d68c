package pgserver

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// folder is where a server lives. All of it is the starting user's and private,
// but data and password, which are the account's: it is not to be trusted with
// the names in the folder, for root opens them.
type folder struct {
	dir       string
	throwaway bool
	account   account
}

func (f folder) data() string     { return filepath.Join(f.dir, "data") }
func (f folder) log() string      { return filepath.Join(f.dir, "postgres.log") }
func (f folder) password() string { return filepath.Join(f.dir, "password") }
func (f folder) lock() string     { return filepath.Join(f.dir, "lock") }

// keptFolder returns the folder at dir, which it makes. Where the account can't
// reach dir, as in a project below a private home of root, it is a folder
// below elsewhere, always the same for the same dir.
func keptFolder(dir, elsewhere string, say func(string, ...any)) (folder, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return folder{}, fmt.Errorf("locate the data: %w", err)
	}
	f, err := makeFolder(dir)
	if !errors.Is(err, errUnreachable) {
		return f, err
	}
	_ = os.Remove(dir) // Succeeds only when it is empty, as made just now.
	instead := filepath.Join(elsewhere, fmt.Sprintf("commitment-%x", sha256.Sum256([]byte(dir)))[:len("commitment-")+12])
	say("%v: its data are kept in %s", err, instead)
	return makeFolder(instead)
}

// throwawayFolder returns a new folder among the temporary files.
func throwawayFolder() (folder, error) {
	var errs []error
	for _, parent := range []string{os.TempDir(), "/var/tmp"} {
		dir, err := os.MkdirTemp(parent, "commitment-postgres-")
		if err != nil {
			return folder{}, fmt.Errorf("make a temporary folder: %w", err)
		}
		f, err := makeFolder(dir)
		if err == nil {
			f.throwaway = true
			return f, nil
		}
		errs = append(errs, err, os.Remove(dir))
	}
	return folder{}, errors.Join(errs...)
}

// makeFolder makes the folder at dir, unless it is there. The error is
// errUnreachable when the account can't get at its data below dir.
func makeFolder(dir string) (folder, error) {
	if err := makePrivate(dir); err != nil {
		return folder{}, fmt.Errorf("make the folder of the server: %w", err)
	}
	dir, err := filepath.EvalSymlinks(dir) // One name for all who join.
	if err != nil {
		return folder{}, fmt.Errorf("locate the folder of the server: %w", err)
	}
	f := folder{dir: dir}
	if f.account, err = serverAccount(f.data()); err != nil {
		return folder{}, err
	}
	if f.account.reaches(dir) {
		return f, nil
	}
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // The account passes through to its data.
		return folder{}, fmt.Errorf("open the folder of the server to its user: %w", err)
	}
	if !f.account.reaches(dir) {
		return folder{}, fmt.Errorf("%w: %s, user %s", errUnreachable, dir, f.account.name)
	}
	return f, nil
}

// makePrivate makes dir for us alone, unless it is there. What is missing above
// it is made as any folder, for the account has to pass through.
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

// tryLock takes the lock at path for as long as the file is open and the
// process lives. The error is errLocked when somebody else has it.
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
