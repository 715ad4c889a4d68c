package authn_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"commitment/internal/authn"
	"commitment/internal/identity"
	"commitment/internal/pgtest"
	"commitment/internal/pgtx"
	"commitment/internal/postgres"
	"commitment/internal/txn"
)

// keyring is Keys on a database of its own.
type keyring struct {
	*authn.Keys
	clock *clock
	pool  *sql.DB
	units atomic.Int64               // that reached the database
	onEnd atomic.Pointer[func(bool)] // called at the end of each, if set
}

func newKeyring(t *testing.T) *keyring {
	t.Helper()
	pool, err := postgres.Open(postgres.Options{URL: pgtest.OwnerURL(t), MaxOpenConns: 4, MaxIdleConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	k := &keyring{clock: newClock(), pool: pool}
	db := txn.New(pool, txn.Options{OnEnd: func(_ pgtx.Outcome, readOnly bool) {
		k.units.Add(1)
		if f := k.onEnd.Load(); f != nil {
			(*f)(readOnly)
		}
	}})
	k.Keys = authn.NewKeys(db, authn.KeysOptions{Now: k.clock.Now, Log: slog.New(slog.DiscardHandler)})
	return k
}

// create creates a key, and returns it and its id.
func (k *keyring) create(t *testing.T, n authn.NewKey) (key, id string) {
	t.Helper()
	n.Name = "test"
	key, row, err := k.Create(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return key, row.KeyID
}

func TestAnAPIKey(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	service := newService(authn.Options{Keys: k.Keys})
	acme := identity.TenantID("acme")
	key, id := k.create(t, authn.NewKey{Tenant: acme, Scopes: []string{"books:read"}})
	if !regexp.MustCompile(`^cmtkey_[0-9A-Za-z]{59}$`).MatchString(key) {
		t.Errorf("key = %q, want the prefix and 59 letters and digits", key)
	}
	want(t, service.get(t, "Bearer "+key), http.StatusNoContent)
	principal := &identity.Principal{Subject: "key:" + id, Tenant: acme, Scopes: []string{"books:read"}}
	if diff := cmp.Diff(principal, service.principal.Load()); diff != "" {
		t.Errorf("principal (-want +got):\n%s", diff)
	}
	secret := key[len(key)-43:]
	hash := sha256.Sum256([]byte(secret))
	row := pgtest.Value[string](t, k.pool, "SELECT k::text FROM api_keys k")
	if stored := pgtest.Value[[]byte](t, k.pool, "SELECT hash FROM api_keys"); !bytes.Equal(stored, hash[:]) || strings.Contains(row, secret) {
		t.Errorf("row = %s, want the SHA-256 of the secret, and not the secret", row)
	}

	other, _ := k.create(t, authn.NewKey{})
	want(t, service.get(t, "Bearer "+other), http.StatusNoContent)
	if got := service.principal.Load(); got.Tenant != uuid.Nil || len(got.Scopes) > 0 {
		t.Errorf("principal = %+v, want one without a tenant and scopes", got)
	}
}

func TestInvalidAPIKeys(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	service := newService(authn.Options{Keys: k.Keys, MaxFailures: -1})
	valid, _ := k.create(t, authn.NewKey{})
	other, _ := k.create(t, authn.NewKey{})
	revoked, id := k.create(t, authn.NewKey{})
	if err := k.Revoke(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	expired, _ := k.create(t, authn.NewKey{ExpiresAt: k.clock.Now()})
	want(t, service.get(t, "Bearer "+valid), http.StatusNoContent)
	service.reached.Store(0)
	secret := len(valid) - 43
	for name, tt := range map[string]struct{ key, code string }{
		"an unknown id":            {"cmtkey_" + strings.Repeat("x", 59), "invalid-token"},
		"another key's secret":     {valid[:secret] + other[secret:], "invalid-token"},
		"a secret in another case": {valid[:secret] + swapCase(valid[secret:]), "invalid-token"},
		"without the last letter":  {valid[:len(valid)-1], "invalid-token"},
		"with a letter more":       {valid + "x", "invalid-token"},
		"without a secret":         {valid[:secret], "invalid-token"},
		"the prefix alone":         {"cmtkey_", "invalid-token"},
		"the prefix in capitals":   {"CMTKEY_" + valid[7:], "invalid-token"},
		"without the prefix":       {valid[7:], "invalid-token"},
		"revoked":                  {revoked, "invalid-token"},
		"expired":                  {expired, "token-expired"},
		"expired, and not its own": {expired[:secret] + other[secret:], "invalid-token"},
		"an id that begins SQL":    {"cmtkey_'or'1'='1'--xxxxx" + strings.Repeat("x", 42), "invalid-token"},
		"an id that isn't UTF-8":   {"cmtkey_\xff" + strings.Repeat("x", 58), "invalid-token"},
	} {
		t.Run(name, func(t *testing.T) {
			if code := want(t, service.get(t, "Bearer "+tt.key), http.StatusUnauthorized); code != tt.code {
				t.Errorf("problem = %q, want %q", code, tt.code)
			}
		})
	}
	if n := service.reached.Load(); n != 0 {
		t.Errorf("%d invalid keys reached the handler", n)
	}
}

func swapCase(s string) string {
	if upper := strings.ToUpper(s); upper != s {
		return upper
	}
	return strings.ToLower(s)
}

func TestAKeyIsReadOnceInAWhile(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	service := newService(authn.Options{Keys: k.Keys, MaxFailures: -1})
	key, _ := k.create(t, authn.NewKey{})
	reads := func(n int64, key string, status int) {
		t.Helper()
		before := k.units.Load()
		for range 10 {
			want(t, service.get(t, "Bearer "+key), status)
		}
		if got := k.units.Load() - before; got != n {
			t.Errorf("%d units of work for 10 requests, want %d", got, n)
		}
	}
	reads(1, key, http.StatusNoContent)
	reads(0, key, http.StatusNoContent)
	reads(0, key[:len(key)-43]+strings.Repeat("x", 43), http.StatusUnauthorized)
	reads(10, "cmtkey_"+strings.Repeat("x", 59), http.StatusUnauthorized) // nothing unknown is remembered

	// Another process revokes it.
	pgtest.Exec(t, k.pool, "UPDATE api_keys SET revoked_at = now()")
	reads(0, key, http.StatusNoContent)
	k.clock.advance(authn.KeyTTL)
	reads(1, key, http.StatusUnauthorized)
}

func TestACachedKeyExpires(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	service := newService(authn.Options{Keys: k.Keys})
	key, _ := k.create(t, authn.NewKey{ExpiresAt: k.clock.Now().Add(2 * time.Second)})
	want(t, service.get(t, "Bearer "+key), http.StatusNoContent)
	k.clock.advance(2 * time.Second) // less than KeyTTL
	if code := want(t, service.get(t, "Bearer "+key), http.StatusUnauthorized); code != "token-expired" {
		t.Errorf("problem = %q, want token-expired", code)
	}
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	service := newService(authn.Options{Keys: k.Keys})
	key, id := k.create(t, authn.NewKey{})
	want(t, service.get(t, "Bearer "+key), http.StatusNoContent)
	if err := k.Revoke(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	want(t, service.get(t, "Bearer "+key), http.StatusUnauthorized)

	first := pgtest.Value[time.Time](t, k.pool, "SELECT revoked_at FROM api_keys")
	if err := k.Revoke(t.Context(), id); err != nil {
		t.Errorf("revoke again: %v", err)
	}
	if again := pgtest.Value[time.Time](t, k.pool, "SELECT revoked_at FROM api_keys"); !again.Equal(first) {
		t.Errorf("revoked_at = %v after the second time, want %v", again, first)
	}
	if err := k.Revoke(t.Context(), "nothing"); !errors.Is(err, authn.ErrKeyNotFound) {
		t.Errorf("Revoke of an unknown id = %v, want ErrKeyNotFound", err)
	}
}

func TestAKeyThatIsRevokedWhileItIsReadIsNotCached(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	service := newService(authn.Options{Keys: k.Keys})
	key, id := k.create(t, authn.NewKey{})
	revoke := func(readOnly bool) {
		if readOnly { // it was read, and not yet cached
			k.onEnd.Store(nil)
			if err := k.Revoke(context.WithoutCancel(t.Context()), id); err != nil {
				t.Error(err)
			}
		}
	}
	k.onEnd.Store(&revoke)
	want(t, service.get(t, "Bearer "+key), http.StatusNoContent)
	want(t, service.get(t, "Bearer "+key), http.StatusUnauthorized)
}

func TestUsesAreRecordedTogether(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	service := newService(authn.Options{Keys: k.Keys, MaxFailures: -1})
	var keys []string
	for range 20 {
		key, _ := k.create(t, authn.NewKey{})
		keys = append(keys, key)
	}
	unused, _ := k.create(t, authn.NewKey{})
	run := func() {
		t.Helper()
		before := k.units.Load()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		k.Run(ctx)
		if got := k.units.Load() - before; got > 1 {
			t.Errorf("%d units of work to record uses, want 1", got)
		}
	}
	lastUsed := func(what string) int {
		t.Helper()
		const count = "SELECT count(*) FROM api_keys WHERE last_used_at "
		return int(pgtest.Value[int64](t, k.pool, count+what))
	}
	for range 5 {
		for _, key := range keys {
			want(t, service.get(t, "Bearer "+key), http.StatusNoContent)
		}
	}
	want(t, service.get(t, "Bearer "+unused[:len(unused)-43]+strings.Repeat("x", 43)), http.StatusUnauthorized)
	run()
	now := fmt.Sprintf("= to_timestamp(%d)", k.clock.Now().Unix())
	if used, never := lastUsed(now), lastUsed("IS NULL"); used != 20 || never != 1 {
		t.Errorf("%d keys were used now, %d never, want 20 and 1", used, never)
	}

	// Another process recorded a later use.
	pgtest.Exec(t, k.pool, "UPDATE api_keys SET last_used_at = 'infinity'")
	want(t, service.get(t, "Bearer "+keys[0]), http.StatusNoContent)
	run()
	if got := lastUsed("= 'infinity'"); got != 21 {
		t.Errorf("%d keys have the later use, want 21", got)
	}
	before := k.units.Load()
	run()
	if got := k.units.Load(); got != before {
		t.Errorf("%d units of work to record nothing, want 0", got-before)
	}
}

func TestListIsOldestFirst(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	_, first := k.create(t, authn.NewKey{})
	_, second := k.create(t, authn.NewKey{})
	all, err := k.List(t.Context())
	if err != nil || len(all) != 2 || all[0].KeyID != first || all[1].KeyID != second {
		t.Errorf("List() = %v, %v, want the keys %s and %s", all, err, first, second)
	}
	if strings.Contains(fmt.Sprintf("%v %+v", all[0], all), string(all[0].Hash)) {
		t.Error("printing a key shows its hash")
	}
}

func TestTheDatabaseIsDown(t *testing.T) {
	t.Parallel()
	k := newKeyring(t)
	key, _ := k.create(t, authn.NewKey{})
	_ = k.pool.Close()
	_, err := k.Verify(t.Context(), key)
	if err == nil {
		t.Fatal("Verify() succeeds without a database")
	}
	service := newService(authn.Options{Keys: k.Keys, MaxFailures: 1})
	for range 2 { // it isn't the client's failure
		want(t, service.get(t, "Bearer "+key), http.StatusInternalServerError)
	}
}
