package authn

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	_ "crypto/sha256" // for algorithms
	_ "crypto/sha512" // for algorithms
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json" // refuses duplicate members
)

// maxToken limits a token's length, in bytes.
const maxToken = 8 << 10

// A token is a JWS in its compact form, of which nothing is verified yet. It is parsed
// here because go-jose parses each header four times, which costs half as much as an RSA
// signature; a fuzz test compares the two.
type token struct {
	header    tokenHeader
	signed    string // what is signed: the header, a dot and the payload, all encoded
	payload   []byte
	signature []byte
}

// tokenHeader is what counts of a JOSE header. Keys that a token brings along (jwk, jku,
// x5c, x5u) don't.
type tokenHeader struct {
	Algorithm string          `json:"alg"`
	KeyID     string          `json:"kid"`
	Type      string          `json:"typ"`
	Critical  json.RawMessage `json:"crit"`
}

// check refuses a token that isn't a JWT, or that has to be processed in a way that this
// package doesn't know.
func (h *tokenHeader) check() error {
	if h.Critical != nil {
		return errors.New("its header has critical extensions")
	}
	if _, known := algorithms[jose.SignatureAlgorithm(h.Algorithm)]; !known {
		return fmt.Errorf("its algorithm is %q", h.Algorithm)
	}
	switch strings.TrimPrefix(strings.ToLower(h.Type), "application/") {
	case "", "jwt", "at+jwt":
		return nil
	}
	return fmt.Errorf("its type is %q", h.Type)
}

func parseToken(text string) (*token, error) {
	if len(text) > maxToken {
		return nil, errors.New("it is too long")
	}
	header, rest, _ := strings.Cut(text, ".")
	payload, signature, found := strings.Cut(rest, ".")
	if !found || strings.Contains(signature, ".") {
		return nil, errors.New("it doesn't have three parts")
	}
	t := &token{signed: text[:len(header)+1+len(payload)]}
	decoded, err := decode(header)
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if err := json.Unmarshal(decoded, &t.header); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if t.payload, err = decode(payload); err != nil {
		return nil, fmt.Errorf("payload: %w", err)
	}
	if t.signature, err = decode(signature); err != nil {
		return nil, fmt.Errorf("signature: %w", err)
	}
	return t, nil
}

// decode decodes one part of a token, of which there is only one spelling.
func decode(part string) ([]byte, error) {
	if strings.ContainsAny(part, "\r\n") { // which package base64 ignores
		return nil, errors.New("it has line breaks")
	}
	return base64.RawURLEncoding.Strict().DecodeString(part)
}

// signedBy reports whether one of the keys signed the token.
func (t *token) signedBy(keys []verificationKey) bool {
	alg := algorithms[jose.SignatureAlgorithm(t.header.Algorithm)]
	digest := []byte(t.signed)
	if alg.hash != 0 {
		h := alg.hash.New()
		h.Write(digest)
		digest = h.Sum(nil)
	}
	for _, key := range keys {
		if alg.verify(key.public, alg.hash, digest, t.signature) {
			return true
		}
	}
	return false
}

// algorithm is a signature algorithm (RFC 7518, section 3.1, and RFC 8037).
type algorithm struct {
	hash   crypto.Hash // 0 for an algorithm that hashes by itself
	verify func(key any, hash crypto.Hash, digest, signature []byte) bool
}

// algorithms are all algorithms that a token may have: asymmetric ones, because whoever
// could verify another one could also sign.
var algorithms = map[jose.SignatureAlgorithm]algorithm{
	jose.RS256: {crypto.SHA256, verifyPKCS1v15},
	jose.RS384: {crypto.SHA384, verifyPKCS1v15},
	jose.RS512: {crypto.SHA512, verifyPKCS1v15},
	jose.PS256: {crypto.SHA256, verifyPSS},
	jose.PS384: {crypto.SHA384, verifyPSS},
	jose.PS512: {crypto.SHA512, verifyPSS},
	jose.ES256: {crypto.SHA256, verifyECDSA},
	jose.ES384: {crypto.SHA384, verifyECDSA},
	jose.ES512: {crypto.SHA512, verifyECDSA},
	jose.EdDSA: {0, verifyEdDSA},
}

func verifyPKCS1v15(key any, hash crypto.Hash, digest, signature []byte) bool {
	public, ok := key.(*rsa.PublicKey)
	return ok && rsa.VerifyPKCS1v15(public, hash, digest, signature) == nil
}

func verifyPSS(key any, hash crypto.Hash, digest, signature []byte) bool {
	public, ok := key.(*rsa.PublicKey)
	return ok && rsa.VerifyPSS(public, hash, digest, signature, nil) == nil
}

// verifyECDSA expects r and s, each with the length of the curve's numbers.
func verifyECDSA(key any, _ crypto.Hash, digest, signature []byte) bool {
	public, ok := key.(*ecdsa.PublicKey)
	if !ok {
		return false
	}
	size := (public.Curve.Params().BitSize + 7) / 8
	if len(signature) != 2*size {
		return false
	}
	r, s := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
	return ecdsa.Verify(public, digest, r, s)
}

func verifyEdDSA(key any, _ crypto.Hash, message, signature []byte) bool {
	public, ok := key.(ed25519.PublicKey)
	return ok && ed25519.Verify(public, message, signature)
}
