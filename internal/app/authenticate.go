package app

import (
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"commitment/internal/authn"
	"commitment/internal/authn/devissuer"
	"commitment/internal/config"
	"commitment/internal/httpapi"
	"commitment/internal/identity"
	"commitment/internal/middleware"
)

// What a token of development says, unless it is asked to say something else.
const (
	DevelopmentSubject  = "developer"
	DevelopmentTenant   = "development"
	DevelopmentLifetime = 12 * time.Hour
)

// DevelopmentToken returns a token that the service accepts in development, and nowhere
// else. Without scopes it has all of them.
func DevelopmentToken(cfg config.Config, subject, tenant string, scopes []string, lifetime time.Duration) (string, error) {
	issuer, err := developmentIssuer(cfg)
	if err != nil {
		return "", err
	}
	if len(scopes) == 0 {
		scopes = httpapi.Scopes()
	}
	return issuer.Token(subject, tenant, scopes, lifetime)
}

// IssuesTokens reports whether the service accepts the tokens that it issues itself.
func IssuesTokens(cfg config.Config) bool {
	return cfg.Environment == config.Development && cfg.Auth.Mode == config.AuthOn && cfg.Auth.Issuer == ""
}

func developmentIssuer(cfg config.Config) (*devissuer.Issuer, error) {
	if !IssuesTokens(cfg) {
		return nil, fmt.Errorf("tokens are issued in development only, with AUTH=%s and without AUTH_ISSUER", config.AuthOn)
	}
	dir, err := filepath.Abs(cfg.PrivateServer.DataDir)
	if err != nil {
		return nil, fmt.Errorf("locate the data directory: %w", err)
	}
	return devissuer.Open(dir)
}

// issuer returns the issuer of the tokens that are accepted, or nil if none are.
func (s *service) issuer() (*authn.Issuer, error) {
	auth := s.cfg.Auth
	switch auth.Issuer {
	case config.NoIssuer:
		return nil, nil //nolint:nilnil // no issuer and no error: API keys alone
	case "":
		issuer, err := developmentIssuer(s.cfg)
		if err != nil {
			return nil, err
		}
		return issuer.Verifier(), nil
	}
	return authn.NewIssuer(authn.IssuerOptions{URL: auth.Issuer, Audience: auth.Audience, TenantClaim: auth.TenantClaim, Log: s.log})
}

// authenticate returns what finds out who sends a request.
func (s *service) authenticate() (httpapi.Authenticator, error) {
	if s.cfg.Auth.Mode != config.AuthOn {
		everybody := &identity.Principal{Subject: "everybody", Tenant: identity.TenantID(DevelopmentTenant), Scopes: httpapi.Scopes()}
		return func(func(http.ResponseWriter, *http.Request, error)) func(http.Handler) http.Handler {
			return authn.As(everybody)
		}, nil
	}
	issuer, err := s.issuer()
	if err != nil {
		return nil, err
	}
	return func(writeError func(http.ResponseWriter, *http.Request, error)) func(http.Handler) http.Handler {
		return authn.Middleware(authn.Options{
			Issuer:      issuer,
			Keys:        s.keys,
			MaxFailures: s.cfg.Auth.MaxFailures,
			ClientIP:    middleware.ClientAddress,
			WriteError:  writeError,
		})
	}, nil
}
