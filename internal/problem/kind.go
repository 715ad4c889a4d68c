package problem

import (
	"net/http"
	"strings"

	"commitment/internal/fault"
)

const typePrefix = "urn:problem-type:"

// statusClientClosedRequest is nginx's status for a client that disconnected. Only logs
// and metrics see it.
const statusClientClosedRequest = 499

// A kind is the response to a [fault.Kind].
type kind struct {
	status      int
	code, title string
}

// kinds has a row for each fault.Kind. Where several share a status, the first is the
// one that the status alone stands for.
var kinds = [...]kind{
	fault.Internal:        {http.StatusInternalServerError, "internal", "Internal error"},
	fault.Malformed:       {http.StatusBadRequest, "malformed", "Malformed request"},
	fault.Unauthenticated: {http.StatusUnauthorized, "unauthenticated", "Unauthenticated"},
	fault.Forbidden:       {http.StatusForbidden, "forbidden", "Forbidden"},
	fault.Invalid:         {http.StatusUnprocessableEntity, "invalid", "Invalid request"},
	fault.NotFound:        {http.StatusNotFound, "not-found", "Not found"},
	fault.Conflict:        {http.StatusConflict, "conflict", "Conflict"},
	fault.Stale:           {http.StatusPreconditionFailed, "stale", "Stale version"},
	fault.Canceled:        {statusClientClosedRequest, "canceled", "Canceled by the client"},
	fault.Unavailable:     {http.StatusServiceUnavailable, "unavailable", "Unavailable"},
	fault.Unknown:         {http.StatusServiceUnavailable, "outcome-unknown", "Outcome unknown"},
}

// kindOf returns k's row; an unknown kind is Internal.
func kindOf(k fault.Kind) kind {
	if int(k) >= len(kinds) {
		return kinds[fault.Internal]
	}
	return kinds[k]
}

// titleFromCode turns "insufficient-funds" into "Insufficient funds".
func titleFromCode(code string) string {
	words := strings.ReplaceAll(code, "-", " ")
	return strings.ToUpper(words[:min(1, len(words))]) + words[min(1, len(words)):]
}
