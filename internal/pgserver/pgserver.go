// Package pgserver runs a private PostgreSQL server for development, tests and
// the review of migrations: it finds or fetches the programs, keeps the data,
// and sees to it that no server outlives the process that started it. It knows
// what a server is and nothing of what is put into it: no migrations, no
// entities, no HTTP.
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

// superuser is the role that initdb makes and that URL signs in as.
const superuser = "postgres"

// Options describe a server. The zero value starts a throwaway one.
type Options struct {
	// BinDir is the directory that holds initdb and postgres. Defaults to the
	// one that Find finds, or else to programs that are fetched.
	BinDir string
	// Dir is the folder of a server whose data are kept after Stop. A second
	// Start on the same folder, in whatever process, joins the server that runs
	// there. As root, on a folder that the server's unprivileged user can't
	// reach, the data are in a folder of /var/lib that belongs to Dir alone.
	// Defaults to a temporary folder, which is removed at Stop and also when
	// the process is killed.
	Dir string
	// Settings are settings of postgresql.conf, by name; they win over our own.
	// A server that is joined has those of its owner. Defaults to none.
	Settings map[string]string
	// CacheDir is where fetched programs are kept. Defaults to
	// commitment/postgres in the user's cache directory, and to
	// /var/cache/commitment/postgres for root, because the server's
	// unprivileged user must be able to run them.
	CacheDir string
	// Progress is told what happens, one line for a person at a time. Defaults
	// to silence.
	Progress func(line string)
}

func (o Options) say(format string, args ...any) {
	if o.Progress != nil {
		o.Progress(fmt.Sprintf(format, args...))
	}
}

// Server is a PostgreSQL server that accepted a connection. Its methods are
// safe for concurrent use.
type Server struct {
	endpoint endpoint
	dir      string
	done     <-chan struct{}

	// One of the two is set: an owner has a claim and a process, a process that
	// joined has a way to leave.
	claim   *claim
	process *process
	leave   func()

	release    sync.Once
	releaseErr error
}

// Start starts a server, or joins the one that runs on o.Dir, and returns once
// it accepts connections. ctx bounds the start alone, not the server's life.
// The error is ErrNotFound when there are no programs and none can be fetched;
// when PostgreSQL itself refused, it ends with the last lines of the log.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Dir != "" {
		return startKept(ctx, o)
	}
	f, err := throwawayFolder()
	if err != nil {
		return nil, err
	}
	lock, err := tryLock(f.lock())
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(f.dir))
	}
	return own(ctx, o, f, lock)
}

// startKept owns the server on o.Dir, or joins the one of whoever owns it. It
// tries both in turn, because an owner may end before its server is ready.
func startKept(ctx context.Context, o Options) (*Server, error) {
	f, err := keptFolder(o.Dir, "/var/lib", o.say)
	if err != nil {
		return nil, err
	}
	waiting, cancel := context.WithTimeoutCause(ctx, readyTimeout, errNotReady)
	defer cancel()
	for {
		lock, err := tryLock(f.lock())
		if err == nil {
			return own(ctx, o, f, lock)
		}
		if !errors.Is(err, errLocked) {
			return nil, err
		}
		s, err := join(waiting, f)
		if err == nil {
			o.say("joined the PostgreSQL %s that another process runs in %s", s.Version(), f.dir)
			return s, nil
		}
		if permanent(err) || !pause(waiting) {
			return nil, fmt.Errorf("join the server in %s, which another process owns: %w", f.dir, errors.Join(context.Cause(waiting), err))
		}
	}
}

// URL returns a libpq URL for a database of the server. It holds the password.
func (s *Server) URL(database string) string { return s.endpoint.url(database) }

// Joined reports whether another process owns the server. Stop then leaves it
// running.
func (s *Server) Joined() bool { return s.claim == nil }

// Version returns the server's version, as "15.18".
func (s *Server) Version() string { return s.endpoint.version }

// Dir returns the folder of the server, which isn't [Options].Dir where the server's
// user can't reach that.
func (s *Server) Dir() string { return s.dir }

// Pid returns the process id of the postmaster.
func (s *Server) Pid() int { return s.endpoint.pid }

// Done returns a channel that is closed when the server has ended, for whatever
// reason, or when this process has left a joined one by Stop.
func (s *Server) Done() <-chan struct{} { return s.done }

// Stop ends the server and removes the folder of a throwaway one. Sessions are
// ended and their transactions rolled back; when ctx ends before that is done,
// the server is stopped without a checkpoint, which loses nothing that was
// committed and has the next start recover. Stop returns when no process of the
// server is left; a second Stop changes nothing. Of a joined server it merely
// takes leave.
func (s *Server) Stop(ctx context.Context) error {
	if s.Joined() {
		s.leave()
		return nil
	}
	s.process.end(ctx)
	s.release.Do(func() { s.releaseErr = s.claim.release() })
	return s.releaseErr
}

// Kill ends all processes of the server at once with SIGKILL, as a crash would.
// The data stay, those of a throwaway server until Stop, and a Start on the
// same folder recovers them. A joined server is not ours to kill: an error.
func (s *Server) Kill() error {
	if s.Joined() {
		return errors.New("kill server: another process owns it")
	}
	s.process.kill()
	s.claim.unlock()
	return nil
}

// endpoint is what a client has to know of a running server.
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

// pause waits until it is worth looking again; false means that ctx has ended.
func pause(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(10 * time.Millisecond):
		return true
	}
}
