package httpapi

import (
	"strconv"
	"strings"

	"commitment/internal/fault"
)

var errStale = fault.New(fault.Stale, "", "the resource has changed: read it again")

// etag returns the strong validator of a version.
func etag(version int64) string {
	return `"` + strconv.FormatInt(version, 10) + `"`
}

// Conditions are the preconditions of a request for a resource with an ETag (RFC 9110,
// section 13.1). An absent one holds. It is exported because huma ignores embedded
// structs that aren't.
type Conditions struct {
	IfMatch     string `header:"If-Match"`
	IfNoneMatch string `header:"If-None-Match"`
}

// match reports whether If-Match holds. Weak validators never match.
func (c Conditions) match(current string) bool {
	return c.IfMatch == "" || listed(c.IfMatch, func(tag string) bool { return tag == current })
}

// noneMatch reports whether If-None-Match holds. Weak validators match like strong ones.
func (c Conditions) noneMatch(current string) bool {
	return c.IfNoneMatch == "" || !listed(c.IfNoneMatch, func(tag string) bool { return strings.TrimPrefix(tag, "W/") == current })
}

// listed reports whether the header is "*", or equal is true for one of its tags.
func listed(header string, equal func(tag string) bool) bool {
	if strings.TrimSpace(header) == "*" {
		return true
	}
	for tag := range strings.SplitSeq(header, ",") { // our tags contain no comma
		if equal(strings.TrimSpace(tag)) {
			return true
		}
	}
	return false
}
