package pgserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
)

// claim is what the owner of a server holds: the lock of its directory, and the
// watchdog.
type claim struct {
	dir      serverDir
	file     *os.File // locked
	watchdog *watchdog
}

// startOwned starts a server on f, and takes over lock.
func startOwned(ctx context.Context, o Options, f serverDir, lock *os.File) (*Server, error) {
	c := &claim{dir: f, file: lock}
	s, err := c.start(ctx, o)
	if err != nil {
		return nil, errors.Join(err, c.release())
	}
	return s, nil
}

func (c *claim) start(ctx context.Context, o Options) (*Server, error) {
	var err error
	if c.watchdog, err = startWatchdog(c.dir); err != nil {
		return nil, err
	}
	programs, err := obtainPrograms(ctx, o, c.dir.major())
	if err != nil {
		return nil, err
	}
	o.say("found PostgreSQL %s in %s", programs.Version, programs.Dir)
	if err := c.dir.user.checkPrograms(programs); err != nil {
		return nil, err
	}
	if err := endOrphan(ctx, c.dir.data(), o.say); err != nil {
		return nil, err
	}
	if err := c.dir.initialize(ctx, programs, o.say); err != nil {
		return nil, err
	}
	o.say("starting PostgreSQL %s on %s", programs.Version, c.dir.data())
	return c.launch(ctx, programs, o.Settings)
}

// launch starts the server on a free port. If another process takes the port first, it
// tries another one.
func (c *claim) launch(ctx context.Context, programs Programs, settings map[string]string) (*Server, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, readyTimeout, errNotReady)
	defer cancel()
	for attempts := 5; ; attempts-- {
		port, err := freePort(ctx)
		if err != nil {
			return nil, err
		}
		log, err := openLog(c.dir.log())
		if err != nil {
			return nil, err
		}
		s, err := c.attempt(ctx, programs, c.dir.settings(port, settings), log)
		tail := log.tail()
		log.close()
		if err == nil {
			return s, nil
		}
		if attempts == 1 || ctx.Err() != nil || !portInUse(ctx, port) {
			return nil, fmt.Errorf("start PostgreSQL: %w%s", err, tail)
		}
	}
}

func (c *claim) attempt(ctx context.Context, programs Programs, settings map[string]string, log *serverLog) (*Server, error) {
	p, err := run(programs, c.dir, settings, log.file, c.watchdog)
	if err != nil {
		return nil, err
	}
	e, err := p.ready(ctx, c.dir)
	if err != nil {
		p.end(ctx)
		return nil, err
	}
	return &Server{endpoint: e, dir: c.dir.dir, done: p.done, claim: c, process: p}, nil
}

// unlock lets another Start use the directory. It may be called twice.
func (c *claim) unlock() { _ = c.file.Close() }

// release gives the claim up, once no process of the server is left.
func (c *claim) release() error {
	var err error
	if c.dir.throwaway {
		err = os.RemoveAll(c.dir.dir)
	}
	if c.watchdog != nil {
		c.watchdog.dismiss()
	}
	c.unlock()
	return err
}

func freePort(ctx context.Context) (int, error) {
	l, err := listen(ctx, 0)
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func portInUse(ctx context.Context, port int) bool {
	l, err := listen(ctx, port)
	if err != nil {
		return true
	}
	_ = l.Close()
	return false
}

func listen(ctx context.Context, port int) (net.Listener, error) {
	var config net.ListenConfig
	return config.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}
