package config

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
)

// URLs are databases, a server each.
type URLs []URL

var schemes = regexp.MustCompile(`postgres(ql)?://`)

// parseURLs parses a list of URLs that commas or white space separate. A URL may contain
// commas itself.
func parseURLs(text string) (URLs, error) {
	var urls URLs
	starts := schemes.FindAllStringIndex(text, -1)
	if len(starts) == 0 || starts[0][0] != 0 {
		return nil, errNotAllowed
	}
	for i, start := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		urls = append(urls, URL(strings.TrimRight(text[start[0]:end], ", \t\n")))
	}
	return urls, nil
}

// String shows no passwords.
func (u URLs) String() string {
	var all []string
	for _, one := range u {
		all = append(all, one.String())
	}
	return strings.Join(all, ", ")
}

// Server returns the host and port, or those of the first server if there are several.
func (u URL) Server() string {
	cfg, err := pgx.ParseConfig(string(u))
	if err != nil || containsAt(cfg.Host) {
		return redacted
	}
	return net.JoinHostPort(cfg.Host, fmt.Sprint(cfg.Port))
}

// minKey is the least length of a key, in bytes.
const minKey = 32

// Keys are secret keys. No way of printing them shows them.
type Keys []string

var errShortKey = errors.New("a key is too short")

// parseKeys parses a comma-separated list of keys.
func parseKeys(text string) (Keys, error) {
	keys := Keys(strings.Split(text, ","))
	for _, key := range keys {
		if len(key) < minKey {
			return nil, errShortKey
		}
	}
	return keys, nil
}

// String shows that there are keys.
func (k Keys) String() string {
	if len(k) == 0 {
		return ""
	}
	return redacted
}

// Format prints String for every verb.
func (k Keys) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(k.String())) }

// MarshalText returns String, for encoders.
func (k Keys) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// checkReplicas reports replicas that can't be reached by their URLs, and a service whose
// processes would not accept each other's tokens.
func (r *reader) checkReplicas(c Config) {
	for i, u := range c.Database.ReplicaURLs {
		if reason := u.invalid(); reason != "" {
			r.reject("DATABASE_REPLICA_URLS", ": URL %d: %s; want postgres://user:password@host:5432/database (the value isn't shown)", i+1, reason)
		}
	}
	if c.Environment == Production && len(c.Database.ReplicaURLs) > 0 && len(c.Database.TokenKeys) == 0 {
		r.reject("REPLICA_TOKEN_KEY", ": not set; with DATABASE_REPLICA_URLS, all processes of a production sign by the same key")
	}
}
