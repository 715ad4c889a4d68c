package authn

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	jose "github.com/go-jose/go-jose/v4"
)

// FuzzBearerToken checks that a token is found where RFC 6750 allows one, and nowhere
// else.
func FuzzBearerToken(f *testing.F) {
	for _, field := range []string{
		"Bearer a.b-c_d~e+f/g==", "bearer  x", "Bearer", "Bearer ", "Bearer =", "Bearer a=b", "Bearer a b", "Bearer\ta", " Bearer a",
		"Basic YTpi", "Bearer \x00", "Bearer é", "Bearer a,b",
	} {
		f.Add(field)
	}
	f.Fuzz(func(t *testing.T, field string) {
		token, err := bearerToken([]string{field})
		if err != nil {
			if _, ok := errors.AsType[*credentialError](err); !ok || token != "" {
				t.Errorf("bearerToken(%q) = %q, %v, want a 401 and nothing else", field, token, err)
			}
			return
		}
		scheme, spaces := field[:len("Bearer")], field[len("Bearer"):len(field)-len(token)]
		if !strings.EqualFold(scheme, "Bearer") || spaces == "" || strings.Trim(spaces, " ") != "" || !strings.HasSuffix(field, token) {
			t.Errorf("bearerToken(%q) = %q, want nothing but spaces between scheme and token", field, token)
		}
		if strings.Trim(token, "=") == "" || strings.ContainsAny(token, " \t\r\n\",") {
			t.Errorf("bearerToken(%q) = %q, which isn't a token", field, token)
		}
	})
}

// FuzzToken checks that whatever this package takes for signed go-jose takes for signed,
// too, with the same header and payload.
func FuzzToken(f *testing.F) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	key := verificationKey{public: &private.PublicKey, algorithms: []string{"ES256"}}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: private}, nil)
	if err != nil {
		f.Fatal(err)
	}
	sign := func(payload string) string {
		jws, err := signer.Sign([]byte(payload))
		if err != nil {
			f.Fatal(err)
		}
		token, err := jws.CompactSerialize()
		if err != nil {
			f.Fatal(err)
		}
		return token
	}
	f.Add("", `{"sub":"ann"}`, uint16(0), byte(0))
	f.Add("a.b.c", `{}`, uint16(3), byte(1))
	f.Add("..", "", uint16(30), byte(32))
	f.Add("eyJhbGciOiJFUzI1NiJ9.e30.", "null", uint16(40), byte('\n'))
	f.Fuzz(func(t *testing.T, other, payload string, at uint16, flip byte) {
		signed := []byte(sign(payload))
		signed[int(at)%len(signed)] ^= flip
		for _, text := range []string{other, string(signed)} {
			parsed, err := parseToken(text)
			if err != nil || parsed.header.check() != nil || !parsed.signedBy([]verificationKey{key}) {
				if text == string(signed) && flip == 0 && len(text) <= maxToken {
					t.Errorf("a valid token is refused: %v", err)
				}
				continue
			}
			jws, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.ES256})
			if err != nil {
				t.Fatalf("go-jose refuses the token %q: %v", text, err)
			}
			verified, err := jws.Verify(&private.PublicKey)
			if err != nil || string(verified) != string(parsed.payload) {
				t.Errorf("payload = %q, go-jose's = %q, %v", parsed.payload, verified, err)
			}
		}
	})
}
