package report

import (
	"net/url"
	"regexp"
	"strings"

	"commitment/internal/printable"
)

// line is text on one line, with runs of white space replaced by single spaces.
func line(s string) string { return strings.Join(strings.Fields(printable.Text(s)), " ") }

// block is text with its line breaks, without surrounding white space.
func block(s string) string { return strings.TrimSpace(printable.Text(s)) }

// host matches a host name with or without a port, and nothing with a meaning in
// markup.
var host = regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]+)?$`)

// webPage is an address that is safe to link to, or empty.
func webPage(address string) string {
	u, err := url.Parse(address)
	if err != nil || !host.MatchString(u.Host) || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	u.RawQuery = u.Query().Encode()
	return strings.ReplaceAll(u.String(), "@", "%40") // which names nobody in a comment
}
