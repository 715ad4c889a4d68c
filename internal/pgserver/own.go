package pgserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
)

// claim is what a process holds of a folder while the server in it is its own.
type claim struct {
	folder   folder
	file     *os.File // holds the lock
	watchdog *watchdog
}

// own starts a server on f. It takes over lock.
func own(ctx context.Context, o Options, f folder, lock *os.File) (*Server, error) {
	c := &claim{folder: f, file: lock}
	s, err := c.start(ctx, o)
	if err != nil {
		return nil, errors.Join(err, c.release())
	}
	return s, nil
}

func (c *claim) start(ctx context.Context, o Options) (*Server, error) {
	var err error
	if c.watchdog, err = startWatchdog(c.folder); err != nil {
		return nil, err
	}
	programs, err := obtain(ctx, o, c.folder.major())
	if err != nil {
		return nil, err
	}
	o.say("PostgreSQL %s found in %s", programs.Version, programs.Dir)
	if err := c.folder.account.checkPrograms(programs); err != nil {
		return nil, err
	}
	if err := endOrphan(ctx, c.folder.data(), o.say); err != nil {
		return nil, err
	}
	if err := c.folder.initialize(ctx, programs, o.say); err != nil {
		return nil, err
	}
	o.say("starting PostgreSQL %s on %s", programs.Version, c.folder.data())
	return c.launch(ctx, programs, o.Settings)
}

// launch starts the server on a free port. Somebody else may take the port
// between our look and PostgreSQL's: then it tries another one.
func (c *claim) launch(ctx context.Context, programs Programs, settings map[string]string) (*Server, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, readyTimeout, errNotReady)
	defer cancel()
	for attempts := 5; ; attempts-- {
		port, err := freePort(ctx)
		if err != nil {
			return nil, err
		}
		log, err := openLog(c.folder.log())
		if err != nil {
			return nil, err
		}
		s, err := c.attempt(ctx, programs, c.folder.settings(port, settings), log)
		tail := log.tail()
		log.close()
		if err == nil {
			return s, nil
		}
		if attempts == 1 || ctx.Err() != nil || !taken(ctx, port) {
			return nil, fmt.Errorf("start PostgreSQL: %w%s", err, tail)
		}
	}
}

func (c *claim) attempt(ctx context.Context, programs Programs, settings map[string]string, log *serverLog) (*Server, error) {
	p, err := run(programs, c.folder, settings, log.file, c.watchdog)
	if err != nil {
		return nil, err
	}
	e, err := p.ready(ctx, c.folder)
	if err != nil {
		p.end(ctx)
		return nil, err
	}
	return &Server{endpoint: e, dir: c.folder.dir, done: p.done, claim: c, process: p}, nil
}

// unlock lets another Start have the folder. Doing it twice does no harm.
func (c *claim) unlock() { _ = c.file.Close() }

// release gives up the claim. No process of the server may be left.
func (c *claim) release() error {
	var err error
	if c.folder.throwaway {
		err = os.RemoveAll(c.folder.dir)
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

func taken(ctx context.Context, port int) bool {
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
