package config

import (
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"
)

// URL is a database in any form that libpq understands. However it is printed, it
// shows no password: string(u) is the URL itself.
type URL string

// String is where u leads, in libpq's keywords, made of the parts that are no
// secrets.
func (u URL) String() string {
	if u == "" {
		return ""
	}
	cfg, err := pgx.ParseConfig(string(u))
	if err != nil {
		return hidden
	}
	hosts, ports := addresses(cfg)
	host := strings.Join(hosts, ",")
	if misread(host) || misread(cfg.Database) {
		return hidden
	}
	return fmt.Sprintf("host=%s port=%s user=%s dbname=%s", host, strings.Join(ports, ","), cfg.User, cfg.Database)
}

// hidden stands for a URL of which no part is known to be public.
const hidden = "(not shown)"

// addresses are the hosts of cfg and their ports. Pgx lists a host twice where
// TLS is optional.
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

// misread reports whether a part of a URL has taken in a piece of a password: one
// with an @ or a slash that isn't percent-encoded is read in the wrong places.
func misread(part string) bool { return strings.Contains(part, "@") }

// Format prints String for every verb.
func (u URL) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, u.String()) }

// MarshalText is String, for encoders.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// invalid says why u can't be used, or "". Of pgx's text it takes the words before
// any value, as each value may be a piece of the password when u is malformed.
func (u URL) invalid() string {
	cfg, err := pgx.ParseConfig(string(u))
	if err == nil {
		if hosts, _ := addresses(cfg); misread(strings.Join(hosts, ",")) {
			return "an @ in a password is written %40"
		}
		if mode := cfg.DefaultQueryExecMode; mode == pgx.QueryExecModeExec || mode == pgx.QueryExecModeSimpleProtocol {
			return "default_query_exec_mode=exec and simple_protocol aren't supported, use cache_describe" // as postgres.Open has it
		}
		return ""
	}
	// Pgx quotes u between the only two backticks, unless u has its own.
	quoted := strings.SplitN(err.Error(), "`: ", 2)
	if strings.Contains(string(u), "`") || len(quoted) < 2 {
		return "not understood"
	}
	reason, _, _ := strings.Cut(quoted[1], " (")
	reason, _, _ = strings.Cut(reason, ":")
	reason, _, _ = strings.Cut(reason, `"`)
	return strings.TrimSpace(reason)
}
