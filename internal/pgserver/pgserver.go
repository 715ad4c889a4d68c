// Package pgserver runs a private PostgreSQL server for development, tests and the
// review of migrations: it finds or downloads the programs, keeps the data, and ensures
// that no server outlives the process that started it. It knows nothing of what is
// stored in the server: no migrations, no entities, no HTTP.
//
// Windows is not supported.
package pgserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"
)

// superuser is the role that initdb creates and that URL connects as.
const superuser = "postgres"

// Options describe a server. The zero value starts a throwaway one.
type Options struct {
	// BinDir is the directory that holds initdb and postgres. Defaults to the one that
	// Find returns, or else to downloaded programs.
	BinDir string
	// Dir is the directory of a server whose data are kept after Stop. A second Start
	// on the same directory, in any process, joins the server that runs there. If the
	// process is root and the server's unprivileged user can't reach Dir, the data are
	// in a directory of /var/lib that is derived from Dir. Defaults to a temporary
	// directory, which is removed by Stop, and also if the process is killed. Where the
	// system has 4 GiB of room in memory, and TMPDIR isn't set, that is in memory.
	Dir string
	// Settings are settings of postgresql.conf by name; they override the package's
	// own. A joined server has the settings of its owner. Defaults to none.
	Settings map[string]string
	// CacheDir is where downloaded programs are kept. Defaults to commitment/postgres
	// in the user's cache directory, and for root to /var/cache/commitment/postgres,
	// because the server's unprivileged user must be able to run them.
	CacheDir string
	// Progress is called with a line for each step. May be nil.
	Progress func(line string)
}

func (o Options) say(format string, args ...any) {
	if o.Progress != nil {
		o.Progress(fmt.Sprintf(format, args...))
	}
}

// Server is a PostgreSQL server that accepts connections. Its methods are safe for
// concurrent use.
type Server struct {
	endpoint endpoint
	dir      string
	done     <-chan struct{}

	// An owner has a claim and a process; a process that joined has leave.
	claim   *claim
	process *process
	leave   func()

	release    sync.Once
	releaseErr error
}

// Start starts a server, or joins the one that runs on o.Dir, and returns once it
// accepts connections. ctx limits the start, not the server's life. The error is
// ErrNotFound if there are no programs and none can be downloaded; if PostgreSQL itself
// failed, the error ends with the last lines of its log.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Dir != "" {
		return startKept(ctx, o)
	}
	f, err := throwawayDir()
	if err != nil {
		return nil, err
	}
	lock, err := tryLock(f.lock())
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(f.dir))
	}
	return startOwned(ctx, o, f, lock)
}

// startKept starts the server on o.Dir, or joins the one that another process owns. It
// tries both in turn, because an owner may exit before its server is ready.
func startKept(ctx context.Context, o Options) (*Server, error) {
	f, err := keptDir(o.Dir, "/var/lib", o.say)
	if err != nil {
		return nil, err
	}
	waiting, cancel := context.WithTimeoutCause(ctx, readyTimeout, errNotReady)
	defer cancel()
	for {
		lock, err := tryLock(f.lock())
		if err == nil {
			return startOwned(ctx, o, f, lock)
		}
		if !errors.Is(err, errLocked) {
			return nil, err
		}
		s, err := join(waiting, f)
		if err == nil {
			o.say("joined the PostgreSQL %s that another process runs in %s", s.Version(), f.dir)
			return s, nil
		}
		if isPermanent(err) || !pause(waiting) {
			return nil, fmt.Errorf("join the server of another process in %s: %w", f.dir, errors.Join(context.Cause(waiting), err))
		}
	}
}

// URL returns a libpq URL for a database of the server, including the password.
func (s *Server) URL(database string) string { return s.endpoint.url(database) }

// Joined reports whether another process owns the server. Stop then leaves it
// running.
func (s *Server) Joined() bool { return s.claim == nil }

// Version returns the server's version, such as "15.18".
func (s *Server) Version() string { return s.endpoint.version }

// Dir returns the directory of the server, which isn't [Options].Dir if the server's
// user can't reach that.
func (s *Server) Dir() string { return s.dir }

// Pid returns the process id of the postmaster.
func (s *Server) Pid() int { return s.endpoint.pid }

// Done returns a channel that is closed when the server has stopped, for whatever
// reason, or when this process has left a joined one by Stop.
func (s *Server) Done() <-chan struct{} { return s.done }

// Stop stops the server and removes the directory of a throwaway one. It ends all
// sessions, which rolls back their transactions. If ctx ends first, the server is
// stopped without a checkpoint: committed data are safe, and the next start recovers.
// Stop returns once no process of the server is left. A second Stop does nothing. A
// joined server is left running.
func (s *Server) Stop(ctx context.Context) error {
	if s.Joined() {
		s.leave()
		return nil
	}
	s.process.end(ctx)
	s.release.Do(func() { s.releaseErr = s.claim.release() })
	return s.releaseErr
}

// Kill ends all processes of the server at once with SIGKILL, like a crash. The data
// are kept, those of a throwaway server until Stop, and a Start on the same directory
// recovers them. Killing a joined server is an error.
func (s *Server) Kill() error {
	if s.Joined() {
		return errors.New("kill server: another process owns it")
	}
	s.process.kill()
	s.claim.unlock()
	return nil
}

// endpoint is what a client needs to connect to a running server.
type endpoint struct {
	pid      int
	port     int
	password string
	version  string
}

func (e endpoint) url(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(superuser, e.password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(e.port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// pause waits before the next poll, and returns false if ctx has ended.
func pause(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(10 * time.Millisecond):
		return true
	}
}
