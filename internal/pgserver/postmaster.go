package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// readyTimeout limits the wait until a server accepts connections, including recovery
// after a crash.
const readyTimeout = 2 * time.Minute

// orphanGrace is how long an orphaned server has to stop on each signal before the
// next, harder one.
const orphanGrace = 10 * time.Second

var (
	errNotReady   = errors.New("the server isn't accepting connections yet")
	errIncomplete = errors.New("postmaster.pid is incomplete")
)

// postmaster is what a running server writes to postmaster.pid.
type postmaster struct {
	pid    int
	port   int
	status string
}

// readPostmaster reads data/postmaster.pid: line 1 is the process id, line 4 the port
// and line 8 the status. A server that is starting hasn't written all of them.
func readPostmaster(data string) (postmaster, error) {
	text, err := os.ReadFile(pidFile(data))
	if err != nil {
		return postmaster{}, err
	}
	lines := append(strings.Split(string(text), "\n"), make([]string, 8)...)
	var p postmaster
	if p.pid, err = strconv.Atoi(strings.TrimSpace(lines[0])); err != nil || p.pid <= 0 {
		return postmaster{}, errIncomplete
	}
	p.port, _ = strconv.Atoi(strings.TrimSpace(lines[3])) // 0 until written, like the status
	p.status = strings.TrimSpace(lines[7])
	return p, nil
}

func pidFile(data string) string { return filepath.Join(data, "postmaster.pid") }

// probe connects to the server that runs on the directory. postmaster.pid alone proves
// nothing: it survives a crash, and may then name another process's id and port.
func (f serverDir) probe(ctx context.Context) (endpoint, error) {
	p, err := readPostmaster(f.data())
	if err != nil {
		return endpoint{}, errors.Join(errNotReady, err)
	}
	accepts := p.status == "ready" || p.status == "standby" // one that takes read-only connections
	if !accepts || !isPostmaster(p.pid, f.data()) {
		return endpoint{}, errNotReady
	}
	password, err := os.ReadFile(f.password())
	if err != nil {
		return endpoint{}, fmt.Errorf("read the password: %w", err)
	}
	e := endpoint{pid: p.pid, port: p.port, password: strings.TrimSpace(string(password))}
	e.version, err = connect(ctx, e.url(superuser))
	return e, err
}

// connect returns the version of the server at url.
func connect(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := pgconn.Connect(ctx, url)
	if err != nil {
		return "", fmt.Errorf("connect: %w", err)
	}
	version, _, _ := strings.Cut(conn.ParameterStatus("server_version"), " ")
	return version, conn.Close(ctx)
}

// isPermanent reports whether waiting can't help: the server refused the connection,
// but isn't starting or stopping, or the password can't be read.
func isPermanent(err error) bool {
	const cannotConnectNow = "57P03"
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		return refused.Code != cannotConnectNow
	}
	_, unreadable := errors.AsType[*fs.PathError](err)
	return unreadable && !errors.Is(err, errNotReady)
}

// endOrphan stops a server that runs on data without an owner, because its owner and
// the watchdog were both killed. The caller holds the lock.
func endOrphan(ctx context.Context, data string, say func(string, ...any)) error {
	p, err := readPostmaster(data)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil && !errors.Is(err, errIncomplete) {
		return fmt.Errorf("look for an orphaned server: %w", err)
	}
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		if !isPostmaster(p.pid, data) {
			return removeStale(data)
		}
		say("stopping an orphaned PostgreSQL on %s", data)
		_ = syscall.Kill(p.pid, sig)
		if err := waitForExit(ctx, p.pid, data); err != nil {
			return fmt.Errorf("stop the orphaned server on %s: %w", data, err)
		}
	}
	return removeStale(data)
}

// waitForExit waits until the postmaster has exited, for at most orphanGrace.
func waitForExit(ctx context.Context, pid int, data string) error {
	grace, cancel := context.WithTimeout(ctx, orphanGrace)
	defer cancel()
	for isPostmaster(pid, data) && pause(grace) {
	}
	return context.Cause(ctx)
}

// removeStale removes a postmaster.pid that would keep PostgreSQL from starting: one
// that a crash truncated, or one with a process id that now belongs to another process.
// The file of a process that is gone stays, so that PostgreSQL checks that none of its
// children is left.
func removeStale(data string) error {
	p, err := readPostmaster(data)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !alive(p.pid) {
		return nil
	}
	if err := os.Remove(pidFile(data)); err != nil {
		return fmt.Errorf("remove a stale postmaster.pid: %w", err)
	}
	return nil
}

func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
