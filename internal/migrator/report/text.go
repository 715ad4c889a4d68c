package report

import (
	"net/url"
	"regexp"
	"strings"

	"commitment/internal/printable"
)

// line is text on one line, its runs of white space made single spaces.
func line(s string) string { return strings.Join(strings.Fields(printable.Text(s)), " ") }

// block is text with its lines kept, without white space around it.
func block(s string) string { return strings.TrimSpace(printable.Text(s)) }

// host is a name with a port or without, and nothing that means something in
// markup.
var host = regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]+)?$`)

// webPage is an address that a reader may be sent to, or empty.
func webPage(address string) string {
	u, err := url.Parse(address)
	if err != nil || !host.MatchString(u.Host) || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	u.RawQuery = u.Query().Encode()
	return strings.ReplaceAll(u.String(), "@", "%40") // which names nobody in a comment
}
