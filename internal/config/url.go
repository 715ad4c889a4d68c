package config

import (
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"
)

// URL is a database in any form that libpq understands. No way of printing it shows the
// password; string(u) is the URL itself.
type URL string

// String returns the non-secret parts of u as libpq keywords.
func (u URL) String() string {
	if u == "" {
		return ""
	}
	cfg, err := pgx.ParseConfig(string(u))
	if err != nil {
		return redacted
	}
	hosts, ports := addresses(cfg)
	host := strings.Join(hosts, ",")
	if containsAt(host) || containsAt(cfg.Database) {
		return redacted
	}
	return fmt.Sprintf("host=%s port=%s user=%s dbname=%s", host, strings.Join(ports, ","), cfg.User, cfg.Database)
}

// redacted replaces a URL that may show a secret in any part.
const redacted = "(not shown)"

// addresses returns the hosts of cfg and their ports. Pgx lists a host twice where TLS
// is optional.
func addresses(cfg *pgx.ConnConfig) (hosts, ports []string) {
	hosts, ports = []string{cfg.Host}, []string{fmt.Sprint(cfg.Port)}
	for _, f := range cfg.Fallbacks {
		last, port := len(hosts)-1, fmt.Sprint(f.Port)
		if f.Host != hosts[last] || port != ports[last] {
			hosts, ports = append(hosts, f.Host), append(ports, port)
		}
	}
	return hosts, ports
}

// containsAt reports whether a parsed part of a URL may contain a piece of the
// password: one with an @ or a slash that isn't percent-encoded is split in the wrong
// places.
func containsAt(part string) bool { return strings.Contains(part, "@") }

// Format prints String for every verb.
func (u URL) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, u.String()) }

// MarshalText returns String, for encoders.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// invalid says why u can't be used, or returns "". It keeps only the words of pgx's
// error that precede any value: in a malformed URL each value may be a piece of the
// password.
func (u URL) invalid() string {
	cfg, err := pgx.ParseConfig(string(u))
	if err == nil {
		if hosts, _ := addresses(cfg); containsAt(strings.Join(hosts, ",")) {
			return "write an @ in the password as %40"
		}
		if mode := cfg.DefaultQueryExecMode; mode == pgx.QueryExecModeExec || mode == pgx.QueryExecModeSimpleProtocol {
			return "default_query_exec_mode=exec and simple_protocol aren't supported, use cache_describe" // as in postgres.Open
		}
		return ""
	}
	// Pgx quotes u between the only two backticks, unless u has its own.
	quoted := strings.SplitN(err.Error(), "`: ", 2)
	if strings.Contains(string(u), "`") || len(quoted) < 2 {
		return "can't be parsed"
	}
	reason, _, _ := strings.Cut(quoted[1], " (")
	reason, _, _ = strings.Cut(reason, ":")
	reason, _, _ = strings.Cut(reason, `"`)
	return strings.TrimSpace(reason)
}
