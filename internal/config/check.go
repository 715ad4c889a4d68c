package config

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// maxIdentifier is the length to which PostgreSQL truncates names, in bytes.
const maxIdentifier = 63

// A conflict is a rule that spans two settings.
type conflict struct {
	found   bool
	setting string // to report
	other   string
	why     string
}

// check reports values that no parser has validated, and settings that contradict one
// another. A setting that is already rejected contradicts nothing.
func (r *reader) check(c Config) {
	if !isAddress(c.Addr) {
		r.reject("ADDR", "=%q: want host:port, such as 127.0.0.1:8080", c.Addr)
	}
	if c.PprofAddr != "" && !isAddress(c.PprofAddr) {
		r.reject("PPROF_ADDR", "=%q: want host:port, such as 127.0.0.1:6060", c.PprofAddr)
	}
	if !isPrintable(c.Database.ApplicationName) {
		r.reject("DB_APPLICATION_NAME", "=%q: want at most %d printable ASCII characters", c.Database.ApplicationName, maxIdentifier)
	}
	r.checkURL("DATABASE_URL", c.Database.URL)
	r.checkURL("JOBS_DATABASE_URL", c.Jobs.URL)
	if c.Environment == Production && c.Database.URL == "" {
		r.reject("DATABASE_URL", ": not set; COMMITMENT_ENV=production starts no database of its own")
	}
	r.checkReplicas(c)
	r.checkAuth(c)
	if c.Traces.Enabled() {
		r.checkTraces(c.Traces)
	}
	r.checkWebhook(c.Webhook)
	for _, x := range conflicts(c) {
		if x.found && !r.rejected[x.setting] && !r.rejected[x.other] {
			r.reject(x.setting, "=%s with %s=%s: %s", r.settings[x.setting].valueIn(c), x.other, r.settings[x.other].valueIn(c), x.why)
		}
	}
}

func (r *reader) checkURL(setting string, url URL) {
	if url == "" {
		return
	}
	if reason := url.invalid(); reason != "" {
		r.reject(setting, ": %s; want postgres://user:password@host:5432/database or a libpq keyword string (the value isn't shown)", reason)
	}
}

// CheckServe returns what keeps c from serving, though commands may run with it: in
// production it isn't said whose requests are served.
func (c Config) CheckServe() error {
	switch {
	case c.Environment != Production:
		return nil
	case c.Auth.Mode == AuthOff:
		return fmt.Errorf("AUTH=%s: everybody could do everything in production; if that is meant, say AUTH=%s", AuthOff, AuthOffInProduction)
	case c.Auth.Mode == AuthOn && c.Auth.Issuer == "":
		return fmt.Errorf("AUTH_ISSUER: not set; production needs the URL of an OpenID Connect issuer, or AUTH_ISSUER=%s to accept API keys alone", NoIssuer)
	}
	return nil
}

// checkAuth reports an issuer whose tokens can't be verified, or that anybody could be.
func (r *reader) checkAuth(c Config) {
	auth, issues := c.Auth, c.Auth.Issuer != "" && c.Auth.Issuer != NoIssuer
	switch {
	case issues && !isIssuer(auth.Issuer):
		r.reject("AUTH_ISSUER", "=%q: want an https URL without a query, such as https://login.example.com, or %s", auth.Issuer, NoIssuer)
	case issues && auth.Audience == "":
		r.reject("AUTH_AUDIENCE", ": not set; tokens that AUTH_ISSUER issued for other services would be accepted")
	case !issues && auth.Audience != "":
		r.reject("AUTH_AUDIENCE", "=%q without AUTH_ISSUER: whose tokens are accepted?", auth.Audience)
	}
}

// isIssuer reports whether s identifies an issuer (OpenID Connect Discovery 1.0, section
// 3). Plain HTTP is for one on this machine.
func isIssuer(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return false
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	return u.Scheme == "https" || u.Scheme == "http" && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// conflicts returns the rules that span settings. Where zero is allowed it means no
// limit.
func conflicts(c Config) []conflict {
	db, h := c.Database, c.HTTP
	return []conflict{
		{db.MaxIdleConns > db.MaxOpenConns, "DB_MAX_IDLE_CONNS", "DB_MAX_OPEN_CONNS",
			"there can't be more idle connections than open ones"},
		{db.ConnMaxLifetime > 0 && db.LifetimeJitter >= db.ConnMaxLifetime, "DB_CONN_LIFETIME_JITTER", "DB_CONN_MAX_LIFETIME",
			"the jitter must be less than the lifetime that it shortens"},
		{db.StatementTimeout > 0 && db.LockTimeout > db.StatementTimeout, "DB_LOCK_TIMEOUT", "DB_STATEMENT_TIMEOUT",
			"the statement times out before its lock does"},
		{db.AcquireTimeout >= h.RequestTimeout, "DB_ACQUIRE_TIMEOUT", "HTTP_REQUEST_TIMEOUT",
			"the wait for a connection must leave time for the work"},
		{h.ReadHeaderTimeout > h.ReadTimeout, "HTTP_READ_HEADER_TIMEOUT", "HTTP_READ_TIMEOUT",
			"the whole request can't take less time than its header"},
		{h.RequestTimeout >= h.WriteTimeout, "HTTP_REQUEST_TIMEOUT", "HTTP_WRITE_TIMEOUT",
			"the connection closes before the response can be written"},
		{h.ReadTimeout < h.RequestTimeout, "HTTP_READ_TIMEOUT", "HTTP_REQUEST_TIMEOUT",
			"net/http cancels the work when the read timeout expires"},
		{h.RequestTimeout < h.WriteTimeout && h.RequestTimeout+db.CommitTimeout+db.OutcomeTimeout >= h.WriteTimeout,
			"DB_COMMIT_TIMEOUT", "HTTP_WRITE_TIMEOUT",
			fmt.Sprintf("after HTTP_REQUEST_TIMEOUT=%v and with DB_OUTCOME_TIMEOUT=%v it leaves no time to write the response",
				h.RequestTimeout, db.OutcomeTimeout)},
		{h.ResponseMemoryBytes > h.MaxResponseBytes, "HTTP_RESPONSE_MEMORY_BYTES", "HTTP_MAX_RESPONSE_BYTES",
			"the part in memory can't be larger than the whole"},
	}
}

// isAddress reports whether s has the form of an address to listen on.
func isAddress(s string) bool {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

// isPrintable reports whether PostgreSQL takes s for a name unchanged.
func isPrintable(s string) bool {
	return len(s) <= maxIdentifier && !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c > '~' })
}
