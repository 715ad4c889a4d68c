// Package devissuer issues tokens for development, so that nobody has to
// sign up anywhere to try the service. Its key is in a file that every program on the machine
// which can read it can sign with: production builds no issuer of this package.
package devissuer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"commitment/internal/authn"
)

const (
	// URL is the claim iss of the tokens. It isn't an address: nothing is fetched.
	URL = "commitment-development"
	// Audience is their claim aud.
	Audience = "commitment-development"
	// keyFile is the file with the key.
	keyFile = "token-key.pem"
)

// Issuer issues and verifies tokens for development.
type Issuer struct {
	signer   jose.Signer
	verifier *authn.Issuer
}

// Open returns the issuer whose key is in dir. It makes both if they don't exist.
func Open(dir string) (*Issuer, error) {
	private, err := readOrMakeKey(dir)
	if err != nil {
		return nil, fmt.Errorf("key of tokens for development: %w", err)
	}
	key := jose.JSONWebKey{Key: private, Algorithm: string(jose.ES256), Use: "sig"}
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, err
	}
	key.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	i := &Issuer{}
	i.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithType("at+jwt"))
	if err != nil {
		return nil, err
	}
	i.verifier, err = authn.NewIssuer(authn.IssuerOptions{
		URL: URL, Audience: Audience, Keys: &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}},
	})
	return i, err
}

// Verifier verifies the issuer's tokens.
func (i *Issuer) Verifier() *authn.Issuer { return i.verifier }

// Token returns a token for a subject. An empty tenant is none.
func (i *Issuer) Token(subject, tenant string, scopes []string, lifetime time.Duration) (string, error) {
	now := time.Now()
	payload, err := json.Marshal(struct {
		Issuer    string `json:"iss"`
		Audience  string `json:"aud"`
		Subject   string `json:"sub"`
		IssuedAt  int64  `json:"iat"`
		ExpiresAt int64  `json:"exp"`
		Tenant    string `json:"tenant_id,omitempty"`
		Scope     string `json:"scope,omitempty"`
	}{URL, Audience, subject, now.Unix(), now.Add(lifetime).Unix(), tenant, strings.Join(scopes, " ")})
	if err != nil {
		return "", err
	}
	jws, err := i.signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}

func readOrMakeKey(dir string) (*ecdsa.PrivateKey, error) {
	path := filepath.Join(dir, keyFile)
	key, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := makeKey(dir, path); err != nil && !errors.Is(err, fs.ErrExist) { // another process was faster
		return nil, err
	}
	return readKey(path)
}

func readKey(path string) (*ecdsa.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%s isn't in PEM form: delete it, and a new one is made", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	private, ok := key.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%s isn't a key of P-256: delete it, and a new one is made", path)
	}
	return private, nil
}

// makeKey makes the key's file whole or not at all, and replaces none.
func makeKey(dir, path string) (err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, keyFile+".*") // with mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	if err := errors.Join(pem.Encode(f, &pem.Block{Type: "PRIVATE KEY", Bytes: der}), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}
