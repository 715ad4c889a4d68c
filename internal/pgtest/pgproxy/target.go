package pgproxy

import (
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
)

// target is the server behind the proxy.
type target struct {
	url     *url.URL
	address string // host:port
}

// parseTarget parses a libpq URL of one server, reached by TCP.
func parseTarget(serverURL string) (target, error) {
	config, err := pgconn.ParseConfig(serverURL)
	if err != nil {
		return target{}, err // pgx leaves the password out
	}
	u, err := url.Parse(serverURL)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return target{}, errors.New("not a postgres:// URL") // the error would show its password
	}
	network, address := pgconn.NetworkAddress(config.Host, config.Port)
	if network != "tcp" {
		return target{}, fmt.Errorf("%s is not a TCP address", address)
	}
	plain := config.TLSConfig == nil
	for _, other := range config.Fallbacks {
		if other.Host != config.Host || other.Port != config.Port {
			return target{}, errors.New("more than one host")
		}
		plain = plain || other.TLSConfig == nil
	}
	if !plain {
		return target{}, errors.New("sslmode refuses connections without TLS, of which a proxy sees nothing")
	}
	return target{url: u, address: address}, nil
}

// at returns the server's URL with another address. It removes the parameters that
// libpq would prefer to the URL's host.
func (t target) at(address string) string {
	u := *t.url
	u.Host = address
	query := u.Query()
	if slices.ContainsFunc(addressParams, query.Has) {
		for _, name := range addressParams {
			query.Del(name)
		}
		u.RawQuery = query.Encode()
	}
	return u.String()
}

// addressParams are the parameters of a URL that give the server's address.
var addressParams = []string{"host", "hostaddr", "port"}
