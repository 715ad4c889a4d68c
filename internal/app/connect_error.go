package app

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// ConnectError condenses pgx's error for a database that can't be reached: the server's
// own reason first, and each reason once. Pgx has a reason for every address and every
// mode of encryption, so its error for a wrong password begins with a server without
// TLS, which nobody asked for.
func ConnectError(err error) error {
	failed, ok := errors.AsType[*pgconn.ConnectError](err)
	if !ok {
		return err
	}
	var refused, others, noTLS []string
	for _, attempt := range attempts(failed.Unwrap()) {
		reason, list := reasonOf(attempt), &others
		switch {
		case fromServer(attempt):
			list = &refused
		case strings.Contains(reason, "server refused TLS connection"): // pgx has no error type for it
			list = &noTLS
		}
		if !slices.Contains(*list, reason) {
			*list = append(*list, reason)
		}
	}
	reasons := slices.Concat(refused, others)
	if len(reasons) == 0 {
		reasons = noTLS // TLS is required
	}
	return errors.New(strings.Join(reasons, "; "))
}

// attempts returns the errors that err joins.
func attempts(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// fromServer reports whether the server itself refused the connection.
func fromServer(attempt error) bool {
	_, ok := errors.AsType[*pgconn.PgError](attempt)
	return ok
}

// reasonOf says what went wrong in one attempt, and where.
func reasonOf(attempt error) string {
	if refused, ok := errors.AsType[*pgconn.PgError](attempt); ok {
		return fmt.Sprintf("%s (SQLSTATE %s)", refused.Message, refused.Code)
	}
	if failed, ok := errors.AsType[*net.OpError](attempt); ok && failed.Addr != nil {
		return fmt.Sprintf("%v at %v", rootCause(failed), failed.Addr)
	}
	if failed, ok := errors.AsType[*net.DNSError](attempt); ok {
		return fmt.Sprintf("%s: unknown host %s", failed.Err, failed.Name)
	}
	text := strings.Join(strings.Fields(attempt.Error()), " ")
	if address, reason, ok := strings.Cut(text, "): "); ok && strings.Contains(address, " (") { // pgx: address (host): reason
		where, _, _ := strings.Cut(address, " (")
		return reason + " at " + where
	}
	return text
}

// rootCause returns the innermost error of err.
func rootCause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
