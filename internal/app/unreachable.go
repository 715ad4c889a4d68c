package app

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Unreachable is why a database can't be reached, the cause first and each reason once.
// Pgx has a reason for every address and every way of encryption: of a wrong password
// it begins with the server that has no TLS, which nobody has asked for.
func Unreachable(err error) error {
	failed, ok := errors.AsType[*pgconn.ConnectError](err)
	if !ok {
		return err
	}
	var said, others, noTLS []string // by the server, and on the way to it
	for _, attempt := range attempts(failed.Unwrap()) {
		reason, list := reasonOf(attempt), &others
		switch {
		case isServers(attempt):
			list = &said
		case strings.Contains(reason, "server refused TLS connection"): // pgx has no other sign
			list = &noTLS
		}
		if !slices.Contains(*list, reason) {
			*list = append(*list, reason)
		}
	}
	reasons := slices.Concat(said, others)
	if len(reasons) == 0 {
		reasons = noTLS // it was asked for
	}
	return errors.New(strings.Join(reasons, "; "))
}

// attempts are the errors that err joins.
func attempts(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

func isServers(attempt error) bool {
	_, ok := errors.AsType[*pgconn.PgError](attempt)
	return ok
}

// reasonOf is what went wrong with one attempt, and where.
func reasonOf(attempt error) string {
	if refused, ok := errors.AsType[*pgconn.PgError](attempt); ok {
		return fmt.Sprintf("%s (SQLSTATE %s)", refused.Message, refused.Code)
	}
	if failed, ok := errors.AsType[*net.OpError](attempt); ok && failed.Addr != nil {
		return fmt.Sprintf("%v at %v", rootOf(failed), failed.Addr)
	}
	if failed, ok := errors.AsType[*net.DNSError](attempt); ok {
		return fmt.Sprintf("%s: the host %s isn't known", failed.Err, failed.Name)
	}
	text := strings.Join(strings.Fields(attempt.Error()), " ")
	if address, reason, ok := strings.Cut(text, "): "); ok && strings.Contains(address, " (") { // pgx: address (host): reason
		where, _, _ := strings.Cut(address, " (")
		return reason + " at " + where
	}
	return text
}

// rootOf is the innermost error of err.
func rootOf(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
