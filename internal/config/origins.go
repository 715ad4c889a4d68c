package config

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Origins are the origins of web pages, as browsers send them.
type Origins []string

// ParseOrigins parses a comma-separated list of origins. A browser sends an origin in
// lower case, without the scheme's default port and without a path: an origin in any
// other spelling would never match.
func ParseOrigins(text string) (Origins, error) {
	var origins Origins
	for origin := range strings.SplitSeq(text, ",") {
		origin = strings.TrimSpace(origin)
		if !isOrigin(origin) && text != "*" {
			return nil, fmt.Errorf("%q is not an origin", origin)
		}
		origins = append(origins, origin)
	}
	return origins, nil
}

// isOrigin reports whether a browser would send s, apart from a * as the first label.
func isOrigin(s string) bool {
	u, err := url.Parse(strings.Replace(s, "://*.", "://any.", 1))
	if err != nil || u.Hostname() == "" || strings.Contains(u.Host, "*") || s != strings.ToLower(s) {
		return false
	}
	if host, port, err := net.SplitHostPort(u.Host); err == nil && (host == "" || port == "") {
		return false
	}
	whole := u.String() == u.Scheme+"://"+u.Host
	return whole && (u.Scheme == "https" && u.Port() != "443" || u.Scheme == "http" && u.Port() != "80")
}

// String returns the origins as ParseOrigins reads them.
func (o Origins) String() string { return strings.Join(o, ",") }
