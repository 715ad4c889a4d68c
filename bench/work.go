package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/http"
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

var works = []work{
	{
		name: "read", title: "Read one account (one statement)", status: http.StatusOK,
		method: http.MethodGet,
		path:   func(r *rand.Rand) string { return "/accounts/" + accountID(r.IntN(accounts)).String() },
	},
	{
		name: "transfer", title: "A transfer (three statements: two UPDATEs, one INSERT)", status: http.StatusCreated,
		method: http.MethodPost,
		path:   func(*rand.Rand) string { return "/transfers" },
		body: func(r *rand.Rand) string {
			from := r.IntN(accounts)
			to := (from + 1 + r.IntN(accounts-1)) % accounts
			return fmt.Sprintf(`{"from":%q,"to":%q,"amount":%d,"memo":"rent"}`, accountID(from), accountID(to), 1+r.IntN(100))
		},
	},
	{
		name: "nothing", title: "A request that touches nothing", status: http.StatusOK,
		method: http.MethodGet,
		path:   func(*rand.Rand) string { return "/nothing" },
	},
	{
		name: "invalid", title: "A validation error", status: http.StatusUnprocessableEntity,
		method: http.MethodPost,
		path:   func(*rand.Rand) string { return "/transfers" },
		body: func(*rand.Rand) string {
			return fmt.Sprintf(`{"from":%q,"to":%q,"amount":0,"memo":"rent"}`, accountID(0), accountID(1))
		},
	},
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
