package authn

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"log/slog"
	"slices"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"
)

const (
	// fetchCooldown is the time between two attempts to fetch an issuer's keys, whatever
	// its tokens say: bogus tokens can't make the service a tool against the issuer.
	fetchCooldown = 10 * time.Second
	// refreshAfter is the age from which keys are fetched again while they serve, so that
	// one that was withdrawn stops working.
	refreshAfter = 5 * time.Minute
	// staleAfter is the age from which keys don't serve before one more attempt to fetch
	// them, after a time without tokens.
	staleAfter = 2 * refreshAfter
	// minRSA is the size of the smallest RSA key that is accepted, in bits.
	minRSA = 2048
)

// verificationKey is a public key of an issuer.
type verificationKey struct {
	id         string
	public     any
	algorithms []string
}

// usableKeys returns the keys that can verify signatures. It leaves out the others, as
// RFC 7517, section 5, asks.
func usableKeys(published []jose.JSONWebKey) []verificationKey {
	var keys []verificationKey
	for _, k := range published {
		algs := algorithmsOf(k.Key)
		if k.Algorithm != "" {
			algs = slices.DeleteFunc(algs, func(alg string) bool { return alg != k.Algorithm })
		}
		if len(algs) > 0 && (k.Use == "" || k.Use == "sig") {
			keys = append(keys, verificationKey{k.KeyID, k.Key, algs})
		}
	}
	return keys
}

// algorithmsOf returns the algorithms that a public key is good for.
func algorithmsOf(public any) []string {
	switch k := public.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() >= minRSA {
			return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
		}
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256():
			return []string{"ES256"}
		case elliptic.P384():
			return []string{"ES384"}
		case elliptic.P521():
			return []string{"ES512"}
		}
	case ed25519.PublicKey:
		return []string{"EdDSA"}
	}
	return nil
}

// candidates returns the keys that may have signed a token. A token without a kid needs
// an issuer with only one key that is good for its algorithm, as OpenID Connect Core,
// section 10.1, demands.
func candidates(keys []verificationKey, kid, alg string) []verificationKey {
	var found []verificationKey
	for _, k := range keys {
		if (kid == "" || k.id == kid) && slices.Contains(k.algorithms, alg) {
			found = append(found, k)
		}
	}
	if kid == "" && len(found) > 1 {
		return nil
	}
	return found
}

// staticKeys are keys that never change.
type staticKeys []verificationKey

func (s staticKeys) find(_ context.Context, kid, alg string) ([]verificationKey, error) {
	return candidates(s, kid, alg), nil
}

// remoteKeys are the keys that an issuer publishes. They are fetched when a token needs
// one that isn't known, and refreshed as long as tokens come, but at most once a
// cooldown. When a fetch fails, the known keys stay.
type remoteKeys struct {
	provider *provider
	log      *slog.Logger
	now      func() time.Time

	mu        sync.Mutex
	keys      []verificationKey // nil until they have been fetched
	fetched   time.Time         // when they were
	attempted time.Time         // when the last fetch began
	fetching  chan struct{}     // closed when the fetch in progress ends; nil if there is none
}

func newRemoteKeys(p *provider, log *slog.Logger, now func() time.Time) *remoteKeys {
	return &remoteKeys{provider: p, log: log, now: now}
}

func (s *remoteKeys) find(ctx context.Context, kid, alg string) ([]verificationKey, error) {
	found, wait := s.lookUp(kid, alg)
	if wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		found, _ = s.lookUp(kid, alg)
	}
	if len(found) == 0 {
		return nil, s.unavailable()
	}
	return found, nil
}

// unavailable returns an error if the keys have never been fetched.
func (s *remoteKeys) unavailable() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fetched.IsZero() {
		return &unavailableError{s.attempted.Add(fetchCooldown).Sub(s.now())}
	}
	return nil
}

// lookUp returns the keys that are known, and what to wait for before they count, or nil.
func (s *remoteKeys) lookUp(kid, alg string) (found []verificationKey, wait <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found = candidates(s.keys, kid, alg)
	age, idle := s.now().Sub(s.fetched), s.now().Sub(s.attempted)
	if len(found) > 0 && age < refreshAfter {
		return found, nil
	}
	if s.fetching == nil && idle >= fetchCooldown {
		s.attempted = s.now()
		s.fetching = make(chan struct{})
		go s.fetch()
	}
	if len(found) > 0 && idle < staleAfter {
		return found, nil
	}
	return found, s.fetching
}

// fetch replaces the keys. It isn't part of any request: others wait for it, too.
func (s *remoteKeys) fetch() {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	published, err := s.provider.fetchKeys(ctx)
	if err != nil {
		s.log.WarnContext(ctx, "can't fetch the keys of the issuer of tokens", "issuer", s.provider.issuer, "error", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.keys, s.fetched = usableKeys(published), s.now()
	}
	close(s.fetching)
	s.fetching = nil
}
