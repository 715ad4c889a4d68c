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

// account is the user that PostgreSQL's programs run as: PostgreSQL refuses to
// run as root. The zero account is the user of this process.
type account struct {
	name string
	cred *syscall.Credential
}

var errUnreachable = errors.New("PostgreSQL, which doesn't run as root, can't reach the folder")

// serverAccount returns whose data they are; for data that aren't there yet,
// the user postgres or else nobody. Unless root asks, it is the zero account.
func serverAccount(data string) (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	if uid, gid, ok := owner(data); ok && uid != 0 {
		return account{name: userName(uid), cred: &syscall.Credential{Uid: uid, Gid: gid}}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			return newAccount(u)
		}
	}
	return account{}, errors.New("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody to run it as")
}

func newAccount(u *user.User) (account, error) {
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return account{}, fmt.Errorf("read the user id of %s: %w", u.Username, err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return account{}, fmt.Errorf("read the group id of %s: %w", u.Username, err)
	}
	return account{name: u.Username, cred: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
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

// command returns a command that runs as the account, in a process group of its
// own, so that Ctrl-C in a terminal reaches this process alone, and away from
// our working directory, which the account may not be allowed to read. Its
// environment is the same on every machine: UTC, plain messages, and none of
// the PG* variables that PostgreSQL's programs listen to. The end of ctx kills the
// group.
func (a account) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Dir = "/"
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "PG") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	cmd.Env = append(cmd.Env, "LC_ALL=C", "TZ=UTC")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: a.cred}
	return cmd
}

// reaches reports whether the account may pass through a directory, or execute
// a file. It asks the system as the account, since mode bits aren't all.
func (a account) reaches(path string) bool {
	return a.cred == nil || a.command(context.Background(), "/bin/sh", "-c", `test -x "$1"`, "sh", path).Run() == nil
}

func (a account) checkPrograms(p Programs) error {
	if !a.reaches(filepath.Join(p.Dir, "postgres")) {
		return fmt.Errorf("user %s, whom PostgreSQL is to run as instead of root, can't execute the programs in %s", a.name, p.Dir)
	}
	return nil
}

// give makes the account the owner of path.
func (a account) give(path string) error {
	if a.cred == nil {
		return nil
	}
	return os.Lchown(path, int(a.cred.Uid), int(a.cred.Gid))
}
