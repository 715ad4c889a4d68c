package main

import (
	"encoding/binary"
	"math/rand/v2"
	"strconv"

	"github.com/google/uuid"
)

// accounts is the number of accounts: enough that transfers rarely collide.
const accounts = 1000

// accountID returns the id of the n-th account, from 0.
func accountID(n int) uuid.UUID {
	var id uuid.UUID
	id[0] = 0xac
	binary.BigEndian.PutUint32(id[12:], uint32(n)) //nolint:gosec // less than accounts
	return id
}

// work is a kind of request.
type work struct {
	name   string
	title  string
	status int // of a successful response
	method string
	path   func(*rand.Rand) string
	body   func(*rand.Rand) string // nil: none
}

// request appends a request, as it is sent, to buf.
func (w *work) request(r *rand.Rand, buf []byte) []byte {
	buf = append(buf, w.method...)
	buf = append(buf, ' ')
	buf = append(buf, w.path(r)...)
	buf = append(buf, " HTTP/1.1\r\nHost: bench\r\n"...)
	body := ""
	if w.body != nil {
		body = w.body(r)
		buf = append(buf, "Content-Type: application/json\r\nContent-Length: "...)
		buf = strconv.AppendInt(buf, int64(len(body)), 10)
		buf = append(buf, "\r\n"...)
	}
	buf = append(buf, "\r\n"...)
	return append(buf, body...)
}
