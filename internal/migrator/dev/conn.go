package dev

import (
	"context"
	"database/sql"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// open returns a pool whose connections end their sessions when they are closed.
func open(databaseURL string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return nil, err
	}
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return conn{c}, nil
	}
	return stdlib.OpenDB(*config), nil
}

// conn is a connection that ends its session when it is closed: Close waits for the server
// to hang up. Without that, CREATE DATABASE would often find the session still there, and
// PostgreSQL looks again only after 100 ms.
type conn struct{ net.Conn }

// hangUpTimeout is how long Close waits. The session of a server that is in trouble
// ends later.
const hangUpTimeout = time.Second

// Close implements [net.Conn].
func (c conn) Close() error {
	if err := c.SetReadDeadline(time.Now().Add(hangUpTimeout)); err == nil {
		_, _ = io.Copy(io.Discard, c.Conn) // it ends with the session
	}
	return c.Conn.Close()
}
