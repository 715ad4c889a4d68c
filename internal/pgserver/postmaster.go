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

// readyTimeout bounds the wait for a server to accept connections, recovery
// after a crash included.
const readyTimeout = 2 * time.Minute

// orphanGrace is how long each way of ending a server that was left behind may
// take before the next, harder one.
const orphanGrace = 10 * time.Second

var (
	errNotReady = errors.New("the server doesn't accept connections yet")
	errGarbled  = errors.New("postmaster.pid is incomplete")
)

// postmaster is what a running server writes of itself into postmaster.pid.
type postmaster struct {
	pid    int
	port   int
	status string
}

// readPostmaster reads data/postmaster.pid: line 1 is the process id, 4 the
// port, 8 the status, and a server that is starting hasn't written all of them.
func readPostmaster(data string) (postmaster, error) {
	text, err := os.ReadFile(pidFile(data))
	if err != nil {
		return postmaster{}, err
	}
	lines := append(strings.Split(string(text), "\n"), make([]string, 8)...)
	var p postmaster
	if p.pid, err = strconv.Atoi(strings.TrimSpace(lines[0])); err != nil || p.pid <= 0 {
		return postmaster{}, errGarbled
	}
	p.port, _ = strconv.Atoi(strings.TrimSpace(lines[3])) // 0 until it is written, and so is the status.
	p.status = strings.TrimSpace(lines[7])
	return p, nil
}

func pidFile(data string) string { return filepath.Join(data, "postmaster.pid") }

// probe connects to the server that runs on the folder. The file alone proves
// nothing: it outlives a crash, and then names a port and a process that may be
// anybody's by now.
func (f folder) probe(ctx context.Context) (endpoint, error) {
	p, err := readPostmaster(f.data())
	if err != nil {
		return endpoint{}, errors.Join(errNotReady, err)
	}
	if p.status != "ready" || !isPostmaster(p.pid, f.data()) {
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

// permanent reports whether waiting can't help: the server refused, for another
// reason than that it is starting or stopping, or the password can't be read.
func permanent(err error) bool {
	const cannotConnectNow = "57P03"
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		return refused.Code != cannotConnectNow
	}
	_, unreadable := errors.AsType[*fs.PathError](err)
	return unreadable && !errors.Is(err, errNotReady)
}

// endOrphan ends a server that runs on data although nobody owns it, because
// its owner and the watchdog were both killed. Whoever calls it holds the lock.
func endOrphan(ctx context.Context, data string, say func(string, ...any)) error {
	p, err := readPostmaster(data)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil && !errors.Is(err, errGarbled) {
		return fmt.Errorf("look for a server: %w", err)
	}
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		if !isPostmaster(p.pid, data) {
			return removeStale(data)
		}
		say("stopping a PostgreSQL that was left running on %s", data)
		_ = syscall.Kill(p.pid, sig)
		if err := waitGone(ctx, p.pid, data); err != nil {
			return fmt.Errorf("stop the server that was left running on %s: %w", data, err)
		}
	}
	return removeStale(data)
}

// waitGone waits for the postmaster to end, for orphanGrace at most.
func waitGone(ctx context.Context, pid int, data string) error {
	grace, cancel := context.WithTimeout(ctx, orphanGrace)
	defer cancel()
	for isPostmaster(pid, data) && pause(grace) {
	}
	return context.Cause(ctx)
}

// removeStale removes a postmaster.pid that PostgreSQL would stumble over: one
// that a crash cut short, or one whose process id now is some other process's.
// That of a process that is gone stays: PostgreSQL then checks that none of its
// children is left.
func removeStale(data string) error {
	p, err := readPostmaster(data)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !alive(p.pid) {
		return nil
	}
	if err := os.Remove(pidFile(data)); err != nil {
		return fmt.Errorf("remove a stale file: %w", err)
	}
	return nil
}

func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
