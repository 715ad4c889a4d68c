package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// osUser is the user that PostgreSQL's programs run as, since PostgreSQL refuses to run
// as root. The zero value is the user of this process.
type osUser struct {
	name string
	cred *syscall.Credential
}

var errUnreachable = errors.New("PostgreSQL, which doesn't run as root, can't reach the directory")

// serverUser returns the owner of the data, or if there are no data yet the user
// postgres or nobody. If this process isn't root it returns the zero value.
func serverUser(data string) (osUser, error) {
	if os.Geteuid() != 0 {
		return osUser{}, nil
	}
	if uid, gid, ok := owner(data); ok && uid != 0 {
		return osUser{name: userName(uid), cred: &syscall.Credential{Uid: uid, Gid: gid}}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			return newOSUser(u)
		}
	}
	return osUser{}, errors.New("PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as")
}

func newOSUser(u *user.User) (osUser, error) {
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return osUser{}, fmt.Errorf("read the user id of %s: %w", u.Username, err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return osUser{}, fmt.Errorf("read the group id of %s: %w", u.Username, err)
	}
	return osUser{name: u.Username, cred: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

func owner(path string) (uid, gid uint32, ok bool) {
	info, err := os.Lstat(path)
	if err != nil {
		return 0, 0, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return stat.Uid, stat.Gid, true
}

func userName(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
}

// command returns a command that runs as the user, in a process group of its own, so
// that Ctrl-C in a terminal reaches this process alone, and outside of our working
// directory, which the user may not be allowed to read. Its environment is the same on
// every machine: UTC, untranslated messages, and no PG* variables, which PostgreSQL's
// programs read. When ctx ends, the group is killed.
func (u osUser) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Dir = "/"
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "PG") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	cmd.Env = append(cmd.Env, "LC_ALL=C", "TZ=UTC")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: u.cred}
	return cmd
}

// canReach reports whether the user may enter a directory, or execute a file. It tries
// it as the user, because mode bits don't tell everything.
func (u osUser) canReach(path string) bool {
	return u.cred == nil || u.command(context.Background(), "/bin/sh", "-c", `test -x "$1"`, "sh", path).Run() == nil
}

func (u osUser) checkPrograms(p Programs) error {
	if !u.canReach(filepath.Join(p.Dir, "postgres")) {
		return fmt.Errorf("user %s, as whom PostgreSQL runs instead of root, can't execute the programs in %s", u.name, p.Dir)
	}
	return nil
}

// chown makes the user the owner of path.
func (u osUser) chown(path string) error {
	if u.cred == nil {
		return nil
	}
	return os.Lchown(path, int(u.cred.Uid), int(u.cred.Gid))
}
