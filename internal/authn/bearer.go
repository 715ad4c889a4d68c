package authn

import (
	"net/http"
	"strings"

	"commitment/internal/fault"
)

// credentialError is a 401 with the challenge of RFC 6750, section 3.
type credentialError struct {
	fault   *fault.Error
	expired bool // the credentials were valid once
}

func (e *credentialError) Error() string { return e.fault.Error() }

// Unwrap returns what the client gets.
func (e *credentialError) Unwrap() error { return e.fault }

// GetHeaders returns the challenge. Messages are written in this package, and need no
// escapes.
func (e *credentialError) GetHeaders() http.Header {
	return http.Header{"Www-Authenticate": {`Bearer error="invalid_token", error_description="` + e.fault.Message + `"`}}
}

func invalidToken(message string) error {
	return &credentialError{fault: fault.New(fault.Unauthenticated, "invalid-token", message)}
}

// invalidTokenBecause is invalidToken, with a cause for the log.
func invalidTokenBecause(message string, cause error) error {
	return &credentialError{fault: fault.New(fault.Unauthenticated, "invalid-token", message).With(cause)}
}

func expiredToken(message string) error {
	return &credentialError{fault: fault.New(fault.Unauthenticated, "token-expired", message), expired: true}
}

// bearerToken returns the token of a request's Authorization fields (RFC 6750, section
// 2.1).
func bearerToken(fields []string) (string, error) {
	if len(fields) != 1 {
		return "", invalidToken("the Authorization header is repeated")
	}
	scheme, token, found := strings.Cut(fields[0], " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		return "", invalidToken("the Authorization header must be Bearer and a token")
	}
	token = strings.TrimLeft(token, " ")
	if !isToken(token) {
		return "", invalidToken("the token is malformed")
	}
	return token, nil
}

// isToken reports whether s is a b64token: letters, digits and -._~+/, then any number
// of equals signs.
func isToken(s string) bool {
	s = strings.TrimRight(s, "=")
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~+/", c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}
