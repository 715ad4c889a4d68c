package authn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"commitment/internal/fault"
)

const (
	// fetchTimeout limits the time to fetch an issuer's keys, discovery included.
	fetchTimeout = 5 * time.Second
	// maxDocument limits what an issuer may respond, in bytes.
	maxDocument = 1 << 20
)

// provider is an OpenID provider, as far as its keys are concerned. Only one goroutine
// at a time uses it.
type provider struct {
	issuer  string
	client  http.Client
	keysURL string // empty until it has been discovered
}

func newProvider(issuer string, client *http.Client) *provider {
	p := &provider{issuer: issuer}
	if client != nil {
		p.client = *client
	}
	// A redirect could lead to where checkURL wouldn't.
	p.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return p
}

// fetchKeys returns the keys that the issuer publishes now.
func (p *provider) fetchKeys(ctx context.Context) ([]jose.JSONWebKey, error) {
	if p.keysURL == "" {
		if err := p.discover(ctx); err != nil {
			return nil, fmt.Errorf("discover: %w", err)
		}
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	err := p.get(ctx, p.keysURL, &set)
	if err == nil && set.Keys == nil {
		err = errors.New("there are no keys in it")
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", p.keysURL, err)
		p.keysURL = "" // it may have moved
		return nil, err
	}
	var keys []jose.JSONWebKey
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if key.UnmarshalJSON(raw) == nil { // others are of kinds that go-jose doesn't know
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// discover finds the issuer's keys (OpenID Connect Discovery 1.0, section 4).
func (p *provider) discover(ctx context.Context) error {
	var metadata struct {
		Issuer  string `json:"issuer"`
		KeysURL string `json:"jwks_uri"`
	}
	url := strings.TrimSuffix(p.issuer, "/") + "/.well-known/openid-configuration"
	if err := p.get(ctx, url, &metadata); err != nil {
		return fmt.Errorf("%s: %w", url, err)
	}
	if metadata.Issuer != p.issuer {
		return fmt.Errorf("%s is of another issuer, %q", url, metadata.Issuer)
	}
	if err := checkURL(metadata.KeysURL); err != nil {
		return fmt.Errorf("jwks_uri: %w", err)
	}
	p.keysURL = metadata.KeysURL
	return nil
}

func (p *provider) get(ctx context.Context, url string, document any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("responded %s", resp.Status)
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, resp.Body, maxDocument))
	if err != nil {
		return err
	}
	return json.Unmarshal(body, document)
}

// errUnavailable says that the issuer's keys aren't known yet.
var errUnavailable = fault.New(fault.Unavailable, "issuer-unavailable", "tokens can't be verified now: their issuer can't be reached")

// unavailableError is errUnavailable, with a Retry-After.
type unavailableError struct{ wait time.Duration }

func (e *unavailableError) Error() string { return errUnavailable.Error() }

// Unwrap returns what the client gets.
func (e *unavailableError) Unwrap() error { return errUnavailable }

// GetHeaders returns the time to wait.
func (e *unavailableError) GetHeaders() http.Header { return retryAfter(e.wait) }

// retryAfter returns the header that says how long to wait: a second at least.
func retryAfter(wait time.Duration) http.Header {
	seconds := max(1, int((wait+time.Second-1)/time.Second))
	return http.Header{"Retry-After": {strconv.Itoa(seconds)}}
}
