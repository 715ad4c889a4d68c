package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// client is an HTTP client with one connection. It does as little as possible, because
// it shares the processors with the peer that it measures.
type client struct {
	conn net.Conn
	in   *bufio.Reader
	rand *rand.Rand
	buf  []byte
}

func dial(ctx context.Context, addr string, seed uint64) (*client, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, in: bufio.NewReader(conn), rand: rand.New(rand.NewPCG(seed, 0))}, nil
}

// do sends a request and waits for the response. An unexpected response is an error.
func (c *client) do(w *work) (time.Duration, error) {
	r, err := c.exchange(w)
	if err == nil && r.status != w.status {
		err = fmt.Errorf("%s: status = %d, want %d: %s", w.name, r.status, w.status, r.body)
	}
	return r.took, err
}

// response is what a client learns of a response.
type response struct {
	status     int
	retryAfter bool   // it has the header Retry-After
	body       []byte // of an unexpected one
	took       time.Duration
}

// exchange sends a request and reads the response.
func (c *client) exchange(w *work) (r response, err error) {
	c.buf = w.request(c.rand, c.buf[:0])
	start := time.Now()
	if err := c.conn.SetDeadline(start.Add(30 * time.Second)); err != nil {
		return r, err
	}
	if _, err := c.conn.Write(c.buf); err != nil {
		return r, err
	}
	length, err := c.readHeader(&r)
	if err != nil {
		return r, err
	}
	if r.status != w.status {
		r.body = make([]byte, length)
		_, err = io.ReadFull(c.in, r.body)
	} else {
		_, err = c.in.Discard(length)
	}
	r.took = time.Since(start)
	return r, err
}

var (
	contentLength = []byte("content-length:")
	retryAfter    = []byte("retry-after:")
)

// readHeader reads the response's header, and returns the length of its body.
func (c *client) readHeader(r *response) (length int, err error) {
	length = -1
	for first := true; ; first = false {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		switch line = bytes.TrimSpace(line); {
		case first:
			if r.status, err = strconv.Atoi(string(line[min(9, len(line)):min(12, len(line))])); err != nil {
				return 0, fmt.Errorf("status line %q", line)
			}
		case len(line) == 0:
			if length < 0 {
				return 0, errors.New("a response without Content-Length")
			}
			return length, nil
		case hasPrefixFold(line, contentLength):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(contentLength):]))); err != nil {
				return 0, err
			}
		case hasPrefixFold(line, retryAfter):
			r.retryAfter = true
		}
	}
}

// hasPrefixFold reports whether a line begins with a prefix, whatever their case.
func hasPrefixFold(line, prefix []byte) bool {
	return len(line) >= len(prefix) && bytes.EqualFold(line[:len(prefix)], prefix)
}

// sample is what the clients have measured.
type sample struct {
	took []time.Duration
	rate float64 // requests per second
}

// closedLoop has the clients send requests for a time, each the next one once it has
// the response.
func closedLoop(clients []*client, w *work, duration time.Duration) (sample, error) {
	var mu sync.Mutex
	var s sample
	var failed error
	var running sync.WaitGroup
	start := time.Now()
	end := start.Add(duration)
	for _, c := range clients {
		running.Go(func() {
			var took []time.Duration
			var err error
			for err == nil && time.Now().Before(end) {
				var t time.Duration
				if t, err = c.do(w); err == nil {
					took = append(took, t)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			s.took, failed = append(s.took, took...), errors.Join(failed, err)
		})
	}
	running.Wait()
	s.rate = float64(len(s.took)) / time.Since(start).Seconds()
	return s, failed
}

// percentile returns the smallest of the sorted times that a fraction q of them doesn't
// exceed, or 0 of none.
func percentile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(q * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// median returns the median of values, or 0 of none. It sorts them.
func median[T int | float64](values []T) T {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 1 {
		return values[middle]
	}
	return (values[middle-1] + values[middle]) / 2
}
