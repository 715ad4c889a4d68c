package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"time"

	"commitment/bench/internal/markdown"
	"commitment/bench/internal/process"
	"commitment/internal/reqtx"
)

const (
	// heldClients each ask for heldBytes, and read nothing but the beginning until all
	// responses are held.
	heldClients, heldBytes = 1000, 1 << 20
	// heldAim is the most memory that the service may take for them, in bytes.
	heldAim = 256 << 20
)

// holder is a peer whose responses are large. The kernel holds next to nothing of them.
var holder = peer{name: "holder", open: tuned(openHolder), sendBuffer: 4096}

// openHolder opens the request transaction with the service's defaults.
func openHolder(url string, pool int) (http.Handler, error) {
	unit, err := openUnit(url, pool)
	body := make([]byte, heldBytes)
	middleware := reqtx.Middleware(unit, reqtx.Options{WriteError: func(w http.ResponseWriter, _ *http.Request, err error) {
		respond(w, 0, nil, err)
	}})
	return middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := (entStore{}).account(r.Context(), accountID(0)); err != nil {
			respond(w, 0, nil, err)
			return
		}
		for part := body; len(part) > 0; part = part[4096:] { // as an encoder writes
			_, _ = w.Write(part[:4096])
		}
	})), err
}

// heldMemory is the memory of a process that holds responses, in bytes.
type heldMemory struct{ before, peak int64 }

// measureHeld measures the memory of a service whose clients read slowly.
func measureHeld(ctx context.Context, url string, pool int) (m heldMemory, err error) {
	child, err := startChild(ctx, &holder, url, pool)
	if err != nil {
		return m, err
	}
	defer child.stop()
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}()
	for i := range 1 + heldClients {
		if i == 1 { // the first response is that of a service that holds nothing else
			if m.before, err = process.PeakMemory(child.cmd.Process.Pid); err != nil {
				return m, err
			}
		}
		c, err := askSlowly(ctx, child.addr)
		if err != nil {
			return m, err
		}
		if conns = append(conns, c); i == 0 {
			if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
				return m, err
			}
		}
	}
	for _, c := range conns { // a response that has begun is held as a whole
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			return m, err
		}
	}
	m.peak, err = process.PeakMemory(child.cmd.Process.Pid)
	return m, err
}

// askSlowly sends a request on a connection with a small buffer.
func askSlowly(ctx context.Context, addr string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	err = c.(*net.TCPConn).SetReadBuffer(4096) //nolint:forcetypeassert // it is
	if err == nil {
		err = c.SetDeadline(time.Now().Add(time.Minute))
	}
	if err == nil {
		_, err = io.WriteString(c, "GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
	}
	return c, err
}

func (m heldMemory) write(p *markdown.Printer) {
	verdict := "missed"
	if m.peak-m.before <= heldAim {
		verdict = "reached"
	}
	p.Line("\n## Held responses\n")
	p.Line("%d clients that read slowly, with a response of %d MiB each. The memory of the service at its peak was %d MiB, and %d MiB before them: %d MiB",
		heldClients, heldBytes>>20, m.peak>>20, m.before>>20, (m.peak-m.before)>>20)
	p.Line("for the responses (aim: at most %d MiB, %s).", heldAim>>20, verdict)
}
