package authn

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"strings"
)

// An API key is the prefix, a public id by which its row is found, and a secret of 256
// bits. The prefix tells it from a JWT, and lets scanners for leaked secrets find it:
//
//	cmtkey_[0-9A-Za-z]{59}
const (
	keyPrefix    = "cmtkey_"
	keyIDLength  = 16
	secretLength = 43
)

// newKey returns a random API key in parts.
func newKey() (id, secret string) {
	return randomText(keyIDLength), randomText(secretLength)
}

// splitKey returns the parts of an API key.
func splitKey(key string) (id, secret string, ok bool) {
	rest, ok := strings.CutPrefix(key, keyPrefix)
	if !ok || len(rest) != keyIDLength+secretLength {
		return "", "", false
	}
	return rest[:keyIDLength], rest[keyIDLength:], true
}

// hashSecret returns what is stored of a secret. A fast hash is enough for one that
// can't be guessed.
func hashSecret(secret string) []byte {
	hash := sha256.Sum256([]byte(secret))
	return hash[:]
}

// equal compares two hashes in a time that doesn't depend on where they differ.
func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }

// randomText returns random letters and digits, each as likely as the others.
func randomText(length int) string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	const fair = 256 - 256%len(alphabet) // bytes from here on would favor the first letters
	text := make([]byte, 0, length)
	for random := make([]byte, length); len(text) < length; {
		_, _ = rand.Read(random) // never fails
		for _, b := range random {
			if int(b) < fair && len(text) < length {
				text = append(text, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(text)
}
