package httpapi

import (
	"strconv"
	"strings"

	"commitment/internal/fault"
)

var errStale = fault.New(fault.Stale, "", "it has changed since: read it again")

// etag is the strong validator of a version.
func etag(version int64) string {
	return `"` + strconv.FormatInt(version, 10) + `"`
}

// match is the precondition of an If-Match header (RFC 9110, 13.1.1), which
// holds when there is none. Weak validators never match.
func match(header, current string) error {
	if header == "" || listed(header, func(tag string) bool { return tag == current }) {
		return nil
	}
	return errStale
}

// noneMatch reports whether the precondition of an If-None-Match header holds
// (RFC 9110, 13.1.2). Weak validators match like strong ones.
func noneMatch(header, current string) bool {
	return header == "" || !listed(header, func(tag string) bool { return strings.TrimPrefix(tag, "W/") == current })
}

// listed reports whether one of a header's tags is equal, or the header is "*".
func listed(header string, equal func(tag string) bool) bool {
	if strings.TrimSpace(header) == "*" {
		return true
	}
	for tag := range strings.SplitSeq(header, ",") { // our tags have no comma in them
		if equal(strings.TrimSpace(tag)) {
			return true
		}
	}
	return false
}
