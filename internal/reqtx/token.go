package reqtx

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"math"
	"net/http"
	"slices"

	"commitment/internal/txn"
)

// TokenHeader is the header field of a consistency token, in responses and requests.
const TokenHeader = "Consistency-Token"

// The cookies of the token. That of a write has a name of its own: the response to a read
// that was sent before it may arrive after it, and must not replace it.
const (
	tokenCookie     = "consistency-token"
	readTokenCookie = "consistency-token-read"
)

// maxTokens limits the tokens of a request: one field and two cookies.
const maxTokens = 3

// Tokens makes and reads consistency tokens. A token says what its client has seen or
// written: a position in the history of the database, signed, so that no client can make
// one that no replica ever reaches. Later positions have greater tokens, as text.
type Tokens struct{ keys [][]byte }

// NewTokens returns tokens that are signed by the first key. Those of the other keys are
// accepted, too.
func NewTokens(keys ...string) *Tokens {
	t := &Tokens{}
	for _, key := range keys {
		t.keys = append(t.keys, []byte(key))
	}
	return t
}

const (
	positionSize = 20
	macSize      = 16 // enough for what can be gained, which is nothing but load on the primary
)

// tokenText is the one base32 that keeps the order.
var tokenText = base32.HexEncoding.WithPadding(base32.NoPadding)

// unknown is the position of a token that can't be read: the primary serves its client.
var unknown = txn.Position{Timeline: math.MaxUint32}

// format returns the token of a position.
func (t *Tokens) format(p txn.Position) string {
	token := make([]byte, positionSize, positionSize+sha256.Size)
	binary.BigEndian.PutUint32(token, p.Timeline)
	binary.BigEndian.PutUint64(token[4:], p.LSN)
	binary.BigEndian.PutUint64(token[12:], p.XMax)
	token = sign(t.keys[0], token)
	return tokenText.EncodeToString(token)
}

// parse returns the position of a token, or unknown.
func (t *Tokens) parse(text string) txn.Position {
	if len(text) != tokenText.EncodedLen(positionSize+macSize) {
		return unknown
	}
	token, err := tokenText.DecodeString(text)
	if err != nil {
		return unknown
	}
	for _, key := range t.keys {
		if hmac.Equal(sign(key, token[:positionSize:positionSize]), token) {
			return txn.Position{
				Timeline: binary.BigEndian.Uint32(token), LSN: binary.BigEndian.Uint64(token[4:]), XMax: binary.BigEndian.Uint64(token[12:]),
			}
		}
	}
	return unknown
}

// sign returns a position with its signature behind it.
func sign(key, position []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("consistency token")) // the key may sign something else, too
	mac.Write(position)
	return mac.Sum(position)[:positionSize+macSize]
}

// after returns the greatest position of a request's tokens, or unknown if one of them
// can't be read: another process may have signed it, with a key that this one lacks.
func (t *Tokens) after(r *http.Request) (after txn.Position) {
	texts := r.Header.Values(TokenHeader)
	if len(r.Header["Cookie"]) > 0 {
		for _, name := range []string{tokenCookie, readTokenCookie} {
			for _, c := range r.CookiesNamed(name) {
				texts = append(slices.Clip(texts), c.Value)
			}
		}
	}
	if len(texts) > maxTokens {
		return unknown
	}
	for _, text := range texts {
		p := t.parse(text)
		if p == unknown {
			return unknown
		}
		xmax := max(p.XMax, after.XMax)
		if p.Compare(after) > 0 {
			after = p
		}
		after.XMax = xmax
	}
	return after
}

// add adds the token of a unit of work that has ended to a response.
func (t *Tokens) add(header http.Header, unit *txn.Unit) {
	name := tokenCookie
	if unit.ReadOnly() { // whatever the method
		name = readTokenCookie
	}
	t.set(header, name, unit.Position())
}

// set sets the token of a position, and its cookie.
func (t *Tokens) set(header http.Header, name string, p txn.Position) {
	if p.IsZero() {
		return
	}
	token := t.format(p)
	header.Set(TokenHeader, token)
	c := http.Cookie{Name: name, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	header.Add("Set-Cookie", c.String())
}
