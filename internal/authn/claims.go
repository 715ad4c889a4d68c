package authn

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4/json" // refuses duplicate members
	"github.com/google/uuid"

	"commitment/internal/identity"
)

const (
	// leeway is how far the clocks of the issuer and of the service may be apart.
	leeway = 30 * time.Second
	// maxSubject limits a subject's length, in characters.
	maxSubject = 255
	// keySubject begins the subjects of API keys, and no subject of a token.
	keySubject = "key:"
)

// claims are the members of a token's payload.
type claims map[string]any

func parseClaims(payload []byte) (claims, error) {
	var value any // which is faster than a map
	if err := json.Unmarshal(payload, &value); err != nil {
		return nil, err
	}
	members, ok := value.(map[string]any)
	if !ok {
		return nil, errors.New("they aren't an object")
	}
	return members, nil
}

// check returns why the token isn't valid here and now, or nil.
func (c claims) check(issuer, audience string, now time.Time) error {
	if c["iss"] != issuer {
		return invalidToken("the token is from another issuer")
	}
	audiences, err := c.list("aud")
	if err != nil || !slices.Contains(audiences, audience) {
		return invalidToken("the token is for another audience")
	}
	seconds := float64(now.UnixMicro()) / 1e6
	exp, ok := c["exp"].(float64)
	switch {
	case !ok:
		return invalidToken("the token has no expiry")
	case seconds >= exp+leeway.Seconds():
		return expiredToken("the token has expired")
	}
	for _, name := range []string{"nbf", "iat"} {
		from, ok := c[name].(float64)
		if _, has := c[name]; has && (!ok || seconds < from-leeway.Seconds()) {
			return invalidToken("the token is not valid yet")
		}
	}
	return nil
}

// principal returns who the token is about.
func (c claims) principal(tenantClaim string) (*identity.Principal, error) {
	subject, _ := c["sub"].(string)
	if subject == "" || utf8.RuneCountInString(subject) > maxSubject || strings.ContainsFunc(subject, unicode.IsControl) {
		return nil, fmt.Errorf("its subject isn't 1 to %d printable characters", maxSubject)
	}
	if strings.HasPrefix(subject, keySubject) {
		return nil, errors.New("its subject is that of an API key")
	}
	scopes, err := c.scopes()
	if err != nil {
		return nil, err
	}
	var tenant uuid.UUID
	if value, has := c[tenantClaim]; has {
		name, ok := value.(string)
		if !ok {
			return nil, fmt.Errorf("its claim %s isn't a string", tenantClaim)
		}
		tenant = identity.TenantID(name)
	}
	return &identity.Principal{Subject: subject, Tenant: tenant, Scopes: scopes}, nil
}

// scopes returns the claim scope (RFC 8693), or else scp, as Microsoft and Okta call it.
func (c claims) scopes() ([]string, error) {
	name := "scope"
	if _, has := c[name]; !has {
		name = "scp"
	}
	if text, ok := c[name].(string); ok {
		return strings.Fields(text), nil
	}
	return c.list(name)
}

// list returns the strings of a claim that is one string or an array of them, and none
// if there is no such claim.
func (c claims) list(name string) ([]string, error) {
	switch value := c[name].(type) {
	case nil:
		return nil, nil
	case string:
		return []string{value}, nil
	case []any:
		all := make([]string, 0, len(value))
		for _, v := range value {
			text, ok := v.(string)
			if !ok {
				return nil, fmt.Errorf("its claim %s has a value that isn't a string", name)
			}
			all = append(all, text)
		}
		return all, nil
	}
	return nil, fmt.Errorf("its claim %s isn't a list of strings", name)
}
