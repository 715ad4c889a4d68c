package reqtx

import (
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"commitment/internal/txn"
)

func request(header http.Header) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	r.Header = header
	return r
}

func TestTokens(t *testing.T) {
	t.Parallel()
	tokens, others := NewTokens("new", "old"), NewTokens("other")
	at := txn.Position{Timeline: 1, LSN: 1 << 40, XMax: 7}
	token := tokens.format(at)
	earlier := tokens.format(txn.Position{Timeline: 1, LSN: 2})
	for name, tt := range map[string]struct {
		header http.Header
		want   txn.Position
	}{
		"none":                    {http.Header{}, txn.Position{}},
		"a field":                 {http.Header{TokenHeader: {token}}, at},
		"a cookie of a write":     {http.Header{"Cookie": {"a=b; " + tokenCookie + "=" + token}}, at},
		"a cookie of a read":      {http.Header{"Cookie": {readTokenCookie + "=" + token}}, at},
		"the later one counts":    {http.Header{TokenHeader: {earlier}, "Cookie": {readTokenCookie + "=" + token + "; " + tokenCookie + "=" + earlier}}, at},
		"of an older key":         {http.Header{TokenHeader: {NewTokens("old").format(at)}}, at},
		"of another key":          {http.Header{TokenHeader: {others.format(at)}}, unknown},
		"one of another key":      {http.Header{TokenHeader: {token, others.format(at)}}, unknown},
		"garbage":                 {http.Header{TokenHeader: {"garbage"}}, unknown},
		"garbage of that length":  {http.Header{TokenHeader: {strings.Repeat("!", len(token))}}, unknown},
		"an empty one":            {http.Header{TokenHeader: {""}}, unknown},
		"a long one":              {http.Header{TokenHeader: {strings.Repeat(token, 1000)}}, unknown},
		"a changed one":           {http.Header{TokenHeader: {"1" + token[1:]}}, unknown},
		"too many":                {http.Header{TokenHeader: {token, token, token, token}}, unknown},
		"an LSN that never comes": {http.Header{TokenHeader: {tokens.format(txn.Position{Timeline: 1, LSN: math.MaxUint64})}}, txn.Position{Timeline: 1, LSN: math.MaxUint64}},
	} {
		if got := tokens.after(request(tt.header)); got != tt.want {
			t.Errorf("%s: after() = %v, want %v", name, got, tt.want)
		}
	}
}

func TestLaterTokensAreGreater(t *testing.T) {
	t.Parallel()
	tokens := NewTokens("key")
	var positions []txn.Position
	for range 1000 {
		positions = append(positions, txn.Position{Timeline: rand.Uint32N(3), LSN: rand.Uint64() >> rand.IntN(64)})
	}
	slices.SortFunc(positions, txn.Position.Compare)
	for i := 1; i < len(positions); i++ {
		a, b := positions[i-1], positions[i]
		if a != b && tokens.format(a) >= tokens.format(b) {
			t.Errorf("the token of %v isn't less than that of %v", a, b)
		}
	}
}

func TestAResponseHasAToken(t *testing.T) {
	t.Parallel()
	tokens := NewTokens("key")
	at := txn.Position{Timeline: 1, LSN: 1}
	header := http.Header{}
	tokens.set(header, readTokenCookie, at)
	want := readTokenCookie + "=" + header.Get(TokenHeader) + "; Path=/; HttpOnly; SameSite=Lax"
	if got := header.Get("Set-Cookie"); got != want || tokens.parse(header.Get(TokenHeader)) != at {
		t.Errorf("cookie = %q, want %q", got, want)
	}
	header = http.Header{}
	tokens.set(header, readTokenCookie, txn.Position{})
	if len(header) > 0 {
		t.Errorf("header = %v, want none without a position", header)
	}
}

func FuzzToken(f *testing.F) {
	tokens := NewTokens("key")
	f.Add("")
	f.Add(tokens.format(txn.Position{Timeline: 1, LSN: 2, XMax: 3}))
	f.Fuzz(func(t *testing.T, text string) {
		if p := tokens.parse(text); p != unknown && tokens.format(p)[:len(text)-1] != text[:len(text)-1] {
			t.Errorf("parse(%q) = %v, whose token is %q", text, p, tokens.format(p))
		}
	})
}

func BenchmarkToken(b *testing.B) {
	tokens := NewTokens("0123456789abcdef0123456789abcdef")
	for b.Loop() {
		tokens.parse(tokens.format(txn.Position{Timeline: 1, LSN: 2, XMax: 3}))
	}
}
