package devissuer_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/authn/devissuer"
	"commitment/internal/fault"
	"commitment/internal/identity"
)

func open(t *testing.T, dir string) *devissuer.Issuer {
	t.Helper()
	i, err := devissuer.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func token(t *testing.T, i *devissuer.Issuer, lifetime time.Duration) string {
	t.Helper()
	token, err := i.Token("ann", "acme", []string{"books:read", "books:write"}, lifetime)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestToken(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	got, err := open(t, dir).Verifier().Verify(t.Context(), token(t, open(t, dir), time.Hour)) // after a restart
	want := &identity.Principal{Subject: "ann", Tenant: identity.TenantID("acme"), Scopes: []string{"books:read", "books:write"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("Verify() fails with %v (-want +got):\n%s", err, diff)
	}
	for name, invalid := range map[string]string{
		"expired":     token(t, open(t, dir), -time.Hour),
		"another key": token(t, open(t, t.TempDir()), time.Hour),
	} {
		_, err := open(t, dir).Verifier().Verify(t.Context(), invalid)
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != fault.Unauthenticated {
			t.Errorf("%s: Verify() = %v, want a 401", name, err)
		}
	}
}

func TestTheKeysFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	issuers := make([]*devissuer.Issuer, 8)
	var all sync.WaitGroup
	for n := range issuers {
		all.Go(func() { issuers[n], _ = devissuer.Open(dir) })
	}
	all.Wait()
	for _, i := range issuers {
		if i == nil {
			t.Fatal("Open() fails beside others")
		}
		if _, err := issuers[0].Verifier().Verify(t.Context(), token(t, i, time.Hour)); err != nil {
			t.Errorf("two issuers with one folder have two keys: %v", err)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Fatalf("%d files, %v, want the key alone", len(files), err)
	}
	info, err := files[0].Info()
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, %v, want 0600", info.Mode(), err)
	}
}

func TestAnInvalidFileIsReported(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, text := range []string{"", "not a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		if err := os.WriteFile(filepath.Join(dir, "token-key.pem"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := devissuer.Open(dir); err == nil {
			t.Errorf("Open() succeeds with a file of %q", text)
		}
	}
}
