package authn_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"testing"

	jose "github.com/go-jose/go-jose/v4"

	"commitment/internal/authn"
)

// attack is a request's Authorization fields, which must not get past the middleware.
type attack struct {
	name          string
	authorization []string
	code          string // of the problem; empty means invalid-token
}

func bearer(name, token string) attack {
	return attack{name: name, authorization: []string{"Bearer " + token}}
}

// TestAttacks sends everything that isn't a valid token.
func TestAttacks(t *testing.T) {
	t.Parallel()
	known, withdrawn, stranger := newSigner(t, "known"), newSigner(t, "withdrawn"), newSigner(t, "known")
	i := newIssuer(t, known, withdrawn)
	service := newService(authn.Options{Issuer: i.verifier(t, authn.IssuerOptions{}), MaxFailures: -1})
	want(t, service.get(t, "Bearer "+withdrawn.token(i, nil)), http.StatusNoContent)
	i.publish(known)
	i.clock.advance(authn.StaleAfter)
	want(t, service.get(t, "Bearer "+known.token(i, nil)), http.StatusNoContent)
	service.reached.Store(0)

	attacks := append(headerAttacks(i, known), claimAttacks(i, known)...)
	attacks = append(attacks, signatureAttacks(t, i, known)...)
	attacks = append(attacks, keyAttacks(t, i, stranger)...)
	attacks = append(attacks, bearer("replay after the key's rotation", withdrawn.token(i, nil)))
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			w := service.get(t, a.authorization...)
			code := "invalid-token"
			if a.code != "" {
				code = a.code
			}
			if got := want(t, w, http.StatusUnauthorized); got != code {
				t.Errorf("problem = %q %s, want %s", got, w.Body, code)
			}
			if got := w.Header().Get("WWW-Authenticate"); !strings.HasPrefix(got, `Bearer error="invalid_token", error_description="`) {
				t.Errorf("WWW-Authenticate = %q, want a challenge", got)
			}
		})
	}
	if n := service.reached.Load(); n != 0 {
		t.Errorf("%d attacks reached the handler", n)
	}
	want(t, service.get(t, "Bearer "+known.token(i, nil)), http.StatusNoContent)
}

// headerAttacks are credentials that aren't one token.
func headerAttacks(i *issuer, s signer) []attack {
	token := s.token(i, nil)
	header, rest, _ := strings.Cut(token, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	attacks := []attack{
		{name: "no credentials", authorization: []string{""}},
		{name: "spaces", authorization: []string{"   "}},
		{name: "a scheme alone", authorization: []string{"Bearer"}},
		{name: "a scheme and a space", authorization: []string{"Bearer "}},
		{name: "a token without a scheme", authorization: []string{token}},
		{name: "another scheme", authorization: []string{"Basic YW5uOnNlY3JldA=="}},
		{name: "another scheme with a token", authorization: []string{"DPoP " + token}},
		{name: "the same header twice", authorization: []string{"Bearer " + token, "Bearer " + token}},
		{name: "a second, empty header", authorization: []string{"Bearer " + token, ""}},
		{name: "two tokens", authorization: []string{"Bearer " + token + ", Bearer " + token}},
		{name: "a tab after the scheme", authorization: []string{"Bearer\t" + token}},
		{name: "a quoted token", authorization: []string{`Bearer "` + token + `"`}},
		bearer("a space behind the token", token+" "),
		bearer("a line break in the token", token[:20]+"\n"+token[20:]),
		bearer("a huge token", s.token(i, map[string]any{"padding": strings.Repeat("x", 8<<10)})),
		bearer("an empty JWS", ".."),
		bearer("one part", header),
		bearer("two parts", header+"."+payload),
		bearer("four parts", token+"."+signature),
		bearer("a JWE's five parts", strings.Repeat(header+".", 4)+header),
		bearer("the signature removed", header+"."+payload+"."),
		bearer("padded parts", header+"=."+payload+"."+signature),
		bearer("another spelling of the signature", token[:len(token)-1]+lastBitsSet(token)),
		bearer("the payload of another token", header+"."+encode(i.payload(map[string]any{"sub": "bob"}))+"."+signature),
		bearer("an API key, where there are none", "cmtkey_"+strings.Repeat("x", 59)),
		bearer("a JWS in JSON", encode(`{"payload":"`+payload+`","protected":"`+header+`","signature":"`+signature+`"}`)),
		bearer("a nested JWS", s.sign(s.header(), token)),
		bearer("a nested JWS that says so", s.sign(fmt.Sprintf(`{"alg":"ES256","kid":%q,"typ":"JWT","cty":"JWT"}`, s.id), token)),
	}
	for name, header := range map[string]string{
		"no algorithm":             `{"kid":"known"}`,
		"an unknown algorithm":     `{"alg":"ES256K","kid":"known"}`,
		"alg in lower case":        `{"alg":"es256","kid":"known"}`,
		"a list of algorithms":     `{"alg":["ES256"],"kid":"known"}`,
		"the algorithm of RSA":     `{"alg":"RS256","kid":"known"}`,
		"the algorithm of EdDSA":   `{"alg":"EdDSA","kid":"known"}`,
		"another curve":            `{"alg":"ES384","kid":"known"}`,
		"a duplicate alg":          `{"alg":"none","alg":"ES256","kid":"known"}`,
		"a duplicate kid":          `{"alg":"ES256","kid":"other","kid":"known"}`,
		"a duplicate unknown":      `{"alg":"ES256","kid":"known","x":1,"x":2}`,
		"an unknown crit":          `{"alg":"ES256","kid":"known","crit":["x"],"x":1}`,
		"an unencoded payload":     `{"alg":"ES256","kid":"known","crit":["b64"],"b64":false}`,
		"an empty crit":            `{"alg":"ES256","kid":"known","crit":[]}`,
		"a null crit":              `{"alg":"ES256","kid":"known","crit":null}`,
		"another type":             `{"alg":"ES256","kid":"known","typ":"dpop+jwt"}`,
		"a logout token":           `{"alg":"ES256","kid":"known","typ":"logout+jwt"}`,
		"a type that isn't text":   `{"alg":"ES256","kid":"known","typ":7}`,
		"a kid that is a path":     `{"alg":"ES256","kid":"../../../../dev/null"}`,
		"a kid that is SQL":        `{"alg":"ES256","kid":"known' OR '1'='1"}`,
		"a kid that is a URL":      `{"alg":"ES256","kid":"http://169.254.169.254/"}`,
		"a kid with control codes": `{"alg":"ES256","kid":"known\u0000\r\nX: y"}`,
		"a kid in another case":    `{"alg":"ES256","kid":"KNOWN"}`,
		"a very long kid":          `{"alg":"ES256","kid":"` + strings.Repeat("k", 5000) + `"}`,
		"a kid that isn't text":    `{"alg":"ES256","kid":["known"]}`,
		"a header that isn't JSON": `alg=ES256`,
		"a header that is a list":  `["ES256"]`,
		"a null header":            `null`,
		"more behind the header":   `{"alg":"ES256","kid":"known"}{}`,
	} {
		attacks = append(attacks, bearer(name, s.sign(header, i.payload(nil))))
	}
	return attacks
}

// lastBitsSet returns the last character of a token with its unused bits set, which a
// lenient decoder ignores.
func lastBitsSet(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, token[len(token)-1])|1])
}

// claimAttacks are tokens that the issuer signed, for something else.
func claimAttacks(i *issuer, s signer) []attack {
	now := i.clock.Now().Unix()
	var attacks []attack
	for name, claims := range map[string]map[string]any{
		"another audience":              {"aud": "shop"},
		"an ID token of another client": {"aud": "some-client", "azp": "some-client", "nonce": "n"},
		"other audiences":               {"aud": []string{"shop", "books2"}},
		"no audience":                   {"aud": nil},
		"an empty audience":             {"aud": ""},
		"an audience with a wildcard":   {"aud": "*"},
		"an audience that isn't text":   {"aud": []any{audience, 7}},
		"another issuer":                {"iss": "https://issuer.example"},
		"the issuer with a slash":       {"iss": i.URL + "/"},
		"the issuer in capitals":        {"iss": strings.ToUpper(i.URL)},
		"no issuer":                     {"iss": nil},
		"a list of issuers":             {"iss": []string{i.URL}},
		"no expiry":                     {"exp": nil},
		"an expiry that is text":        {"exp": fmt.Sprint(now + 300)},
		"not yet":                       {"nbf": now + 31},
		"not before some text":          {"nbf": "now"},
		"issued in the future":          {"iat": now + 31},
		"issued in milliseconds":        {"iat": now * 1000},
		"no subject":                    {"sub": nil},
		"an empty subject":              {"sub": ""},
		"a long subject":                {"sub": strings.Repeat("s", 256)},
		"a subject with a NUL":          {"sub": "ann\x00"},
		"the subject of an API key":     {"sub": "key:0123456789abcdef"},
		"a subject that isn't text":     {"sub": 7},
		"a tenant that isn't text":      {"tenant_id": 7},
		"two tenants":                   {"tenant_id": []string{"acme", "globex"}},
		"a null tenant":                 {"tenant_id": json.RawMessage("null")},
		"scopes that aren't text":       {"scope": map[string]any{"books:read": true}},
	} {
		attacks = append(attacks, bearer(name, s.token(i, claims)))
	}
	expired := bearer("expired", s.token(i, map[string]any{"exp": now - 31}))
	expired.code = "token-expired"
	ended := bearer("expired since 1970", s.token(i, map[string]any{"exp": 0}))
	ended.code = "token-expired"
	payload := i.payload(nil)
	return append(attacks, expired, ended,
		bearer("a duplicate claim", s.sign(s.header(), `{"sub":"bob",`+payload[1:])),
		bearer("a duplicate member of a claim", s.sign(s.header(), `{"x":{"y":1,"y":2},`+payload[1:])),
		bearer("claims in another case", s.sign(s.header(), strings.ReplaceAll(payload, `"exp"`, `"EXP"`))),
		bearer("more behind the claims", s.sign(s.header(), payload+payload)),
		bearer("claims in a list", s.sign(s.header(), "["+payload+"]")),
		bearer("null claims", s.sign(s.header(), "null")),
		bearer("no claims", s.sign(s.header(), "{}")),
		bearer("an empty payload", s.sign(s.header(), "")),
		bearer("a payload that isn't UTF-8", s.sign(s.header(), "\xff\xfe")),
	)
}

// signatureAttacks are tokens without a signature of the issuer's.
func signatureAttacks(t *testing.T, i *issuer, s signer) []attack {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&s.private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	document, err := json.Marshal(s.jwk())
	if err != nil {
		t.Fatal(err)
	}
	var attacks []attack
	for _, alg := range []string{"none", "None", "NONE", "nOnE", ""} {
		unsigned := encode(fmt.Sprintf(`{"alg":%q,"kid":"known"}`, alg)) + "." + encode(i.payload(nil)) + "."
		attacks = append(attacks, bearer("alg "+alg, unsigned), bearer("signed alg "+alg, unsigned+"AAAA"))
	}
	for name, secret := range map[string][]byte{
		"DER": der, "PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "JWK": document,
		"coordinates": s.private.X.Bytes(), "nothing": nil,
	} {
		signed := encode(`{"alg":"HS256","kid":"known"}`) + "." + encode(i.payload(nil))
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(signed))
		attacks = append(attacks, bearer("HMAC with the public key: "+name, signed+"."+encode(string(mac.Sum(nil)))))
	}
	signed := encode(s.header()) + "." + encode(i.payload(nil)) + "."
	for name, signature := range map[string]string{
		"zeros": string(make([]byte, 64)), "one byte": "x", "too short": string(make([]byte, 63)), "too long": string(make([]byte, 65)),
		"r of nothing":                 string(make([]byte, 32)) + strings.Repeat("\x01", 32),
		"r and s of the curve's order": string(elliptic.P256().Params().N.Bytes()) + string(elliptic.P256().Params().N.Bytes()),
	} {
		attacks = append(attacks, bearer("a signature of "+name, signed+encode(signature)))
	}
	digest := sha256.Sum256([]byte(strings.TrimSuffix(signed, ".")))
	asn1, err := ecdsa.SignASN1(rand.Reader, s.private, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return append(attacks, bearer("a signature in ASN.1", signed+encode(string(asn1))))
}

// keyAttacks are tokens that bring a key along, or are signed by one of a stranger.
func keyAttacks(t *testing.T, i *issuer, stranger signer) []attack {
	t.Helper()
	jwk, err := json.Marshal(stranger.jwk())
	if err != nil {
		t.Fatal(err)
	}
	evil := newIssuer(t, stranger)
	attacks := []attack{bearer("a stranger's key under a known kid", stranger.token(i, nil))}
	for name, member := range map[string]string{
		"jwk": `"jwk":` + string(jwk), "jku": `"jku":"` + evil.URL + `/keys"`, "x5u": `"x5u":"` + evil.URL + `/keys"`,
		"jwk and jku": `"jwk":` + string(jwk) + `,"jku":"` + evil.URL + `/keys"`,
	} {
		for _, kid := range []string{`"kid":"known",`, `"kid":"stranger",`, ""} {
			attacks = append(attacks, bearer(name+" in the header, "+kid, stranger.sign(`{"alg":"ES256",`+kid+member+`}`, i.payload(nil))))
		}
	}
	t.Cleanup(func() {
		if n := evil.fetches.Load() + evil.discoveries.Load(); n != 0 {
			t.Errorf("%d requests to the stranger's server, want none", n)
		}
	})
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signed := encode(`{"alg":"RS256","kid":"known"}`) + "." + encode(i.payload(nil))
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, rsaKey, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return append(attacks, bearer("an RSA key under a known kid", signed+"."+encode(string(signature))))
}

// TestWeakKeys checks that keys which can't be trusted don't verify, though the issuer
// publishes them.
func TestWeakKeys(t *testing.T) {
	t.Parallel()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	s := newSigner(t, "k")
	i := newIssuer(t)
	rsaToken := func() string {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: weak, KeyID: "k"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		jws, err := signer.Sign([]byte(i.payload(nil)))
		if err != nil {
			t.Fatal(err)
		}
		token, err := jws.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	for name, tt := range map[string]struct {
		key    jose.JSONWebKey
		token  string
		status int
	}{
		"without alg and use":   {jose.JSONWebKey{Key: &s.private.PublicKey, KeyID: "k"}, s.token(i, nil), http.StatusNoContent},
		"for encryption":        {jose.JSONWebKey{Key: &s.private.PublicKey, KeyID: "k", Use: "enc"}, s.token(i, nil), http.StatusUnauthorized},
		"for another algorithm": {jose.JSONWebKey{Key: &s.private.PublicKey, KeyID: "k", Algorithm: "ECDH-ES"}, s.token(i, nil), http.StatusUnauthorized},
		"RSA of 1,024 bits":     {jose.JSONWebKey{Key: &weak.PublicKey, KeyID: "k"}, rsaToken(), http.StatusUnauthorized},
		"a private key":         {jose.JSONWebKey{Key: s.private, KeyID: "k"}, s.token(i, nil), http.StatusUnauthorized},
		"a symmetric key":       {jose.JSONWebKey{Key: []byte("0123456789abcdef0123456789abcdef"), KeyID: "k"}, s.token(i, nil), http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{tt.key}}
			service := newService(authn.Options{Issuer: i.verifier(t, authn.IssuerOptions{Keys: set})})
			want(t, service.get(t, "Bearer "+tt.token), tt.status)
		})
	}
}
