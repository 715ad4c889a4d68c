package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"commitment/bench/internal/markdown"
	"commitment/bench/internal/process"
	"commitment/internal/authn"
	"commitment/internal/identity"
	"commitment/internal/postgres"
	"commitment/internal/txn"
)

const (
	tokensSuite = "tokens"
	// tokenRounds are the rounds in which a credential and its cryptography take turns,
	// and tokensInRound how often each is verified in one.
	tokenRounds, tokensInRound = 100, 100
)

// tokenPayload is of the size that issuers' access tokens have.
const tokenPayload = `{"iss":"https://issuer.example.com/realms/commitment","aud":["commitment","account"],
"sub":"01a205f2-fac4-72e3-966d-2bc0dbaad08f","exp":4102444800,"iat":1700000000,"nbf":1700000000,
"jti":"0b1e7b0c-5b3c-4c55-a2f5-6c2f1a3c8e11","client_id":"web","scope":"books:read books:write","tenant_id":"acme"}`

// credential is a kind of credential, and what verifying it costs.
type credential struct {
	title  string
	verify func(context.Context) (*identity.Principal, error)
	// cryptography is what of it package crypto takes.
	cryptography func() bool
	aim          float64 // microseconds
	aimRatio     float64 // to the cryptography; zero for none

	micros, alone []float64 // of CPU, by round
}

// measureTokens measures the verification of credentials whose keys are known.
func measureTokens(ctx context.Context, db *database) ([]*credential, error) {
	es256, err := es256Credential()
	if err != nil {
		return nil, err
	}
	rs256, err := rs256Credential()
	if err != nil {
		return nil, err
	}
	url, err := db.create(ctx, "bench_tokens")
	if err != nil {
		return nil, err
	}
	pool, err := postgres.Open(postgres.Options{URL: url, MaxOpenConns: 1, MaxIdleConns: 1})
	if err != nil {
		return nil, err
	}
	defer func() { _ = pool.Close() }() // of a throwaway server
	apiKey, err := apiKeyCredential(ctx, authn.NewKeys(txn.New(pool, txn.Options{}), authn.KeysOptions{}))
	if err != nil {
		return nil, err
	}
	all := []*credential{es256, rs256, apiKey}
	for range tokenRounds {
		for _, c := range all {
			if err := c.measure(ctx); err != nil {
				return nil, fmt.Errorf("%s: %w", c.title, err)
			}
		}
	}
	return all, nil
}

// measure is one round.
func (c *credential) measure(ctx context.Context) error {
	pid := os.Getpid()
	before := process.CPUTime(pid)
	for range tokensInRound {
		if !c.cryptography() {
			return errors.New("the signature is invalid")
		}
	}
	between := process.CPUTime(pid)
	for range tokensInRound {
		if _, err := c.verify(ctx); err != nil {
			return err
		}
	}
	after := process.CPUTime(pid)
	micros := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 / tokensInRound }
	c.alone = append(c.alone, micros(between-before))
	c.micros = append(c.micros, micros(after-between))
	return nil
}

func es256Credential() (*credential, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	token, verify, err := signedToken(jose.ES256, private, private.Public())
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256([]byte(token))
	signature, err := ecdsa.SignASN1(rand.Reader, private, digest[:])
	return &credential{
		title: "ES256 token", verify: verify, aim: 60, aimRatio: 1.5,
		cryptography: func() bool {
			digest := sha256.Sum256([]byte(token))
			return ecdsa.VerifyASN1(&private.PublicKey, digest[:], signature)
		},
	}, err
}

func rs256Credential() (*credential, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	token, verify, err := signedToken(jose.RS256, private, private.Public())
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256([]byte(token))
	signature, err := rsa.SignPKCS1v15(nil, private, crypto.SHA256, digest[:])
	return &credential{
		title: "RS256 token, 2,048 bits", verify: verify, aim: 40, aimRatio: 1.5,
		cryptography: func() bool {
			digest := sha256.Sum256([]byte(token))
			return rsa.VerifyPKCS1v15(&private.PublicKey, crypto.SHA256, digest[:], signature) == nil
		},
	}, err
}

// signedToken returns a token, and what verifies it.
func signedToken(alg jose.SignatureAlgorithm, private, public any) (string, func(context.Context) (*identity.Principal, error), error) {
	const kid = "2026-11"
	key := jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: private, KeyID: kid}}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("at+jwt"))
	if err != nil {
		return "", nil, err
	}
	jws, err := signer.Sign([]byte(tokenPayload))
	if err != nil {
		return "", nil, err
	}
	token, err := jws.CompactSerialize()
	if err != nil {
		return "", nil, err
	}
	issuer, err := authn.NewIssuer(authn.IssuerOptions{
		URL: "https://issuer.example.com/realms/commitment", Audience: "commitment",
		Keys: &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: public, KeyID: kid, Algorithm: string(alg), Use: "sig"}}},
	})
	return token, func(ctx context.Context) (*identity.Principal, error) { return issuer.Verify(ctx, token) }, err
}

// apiKeyCredential returns an API key that is cached except for once every few seconds.
func apiKeyCredential(ctx context.Context, keys *authn.Keys) (*credential, error) {
	key, _, err := keys.Create(ctx, authn.NewKey{Name: "bench", Scopes: []string{"books:read", "books:write"}})
	return &credential{
		title: "API key, cached", aim: 10,
		verify: func(ctx context.Context) (*identity.Principal, error) { return keys.Verify(ctx, key) },
		cryptography: func() bool {
			sum := sha256.Sum256([]byte(key))
			return sum != [32]byte{}
		},
	}, err
}

// writeTokens writes what credentials cost.
func writeTokens(p *markdown.Printer, all []*credential) {
	if all == nil {
		return
	}
	p.Line("\n# Credentials\n")
	p.Line("Verifying a credential whose key is known, and what of it package crypto takes, in microseconds of this process's CPU. Medians of")
	p.Line("%d rounds of %d; the ratio is taken within a round.\n", tokenRounds, tokensInRound)
	p.Line("| credential | µs | aim | crypto alone µs | ratio | aim | |\n|---|--:|--:|--:|--:|--:|---|")
	for _, c := range all {
		micros, ratio, aimRatio := median(slices.Clone(c.micros)), medianRatio(c.micros, c.alone), "–"
		verdict := "reached"
		if micros > c.aim || c.aimRatio > 0 && ratio > c.aimRatio {
			verdict = "missed"
		}
		if c.aimRatio > 0 {
			aimRatio = fmt.Sprintf("%g", c.aimRatio)
		}
		p.Line("| %s | %.1f | %g | %.1f | %.2f | %s | %s |", c.title, micros, c.aim, median(slices.Clone(c.alone)), ratio, aimRatio, verdict)
	}
}
