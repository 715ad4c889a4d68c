package authn

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/golang-lru/v2/simplelru"

	"commitment/ent"
	"commitment/ent/apikey"
	"commitment/internal/fault"
	"commitment/internal/identity"
	"commitment/internal/schemakit"
	"commitment/internal/txn"
)

const (
	// keyTTL is how long a key that was read is used: as long, a key that another process
	// revoked goes on working.
	keyTTL = 5 * time.Second
	// maxCachedKeys limits the keys that are cached.
	maxCachedKeys = 10_000
	// useInterval is the time between two recordings of when keys were used.
	useInterval = time.Minute
	// useTimeout limits one recording.
	useTimeout = 10 * time.Second
)

// ErrKeyNotFound says that there is no API key with an id.
var ErrKeyNotFound = fault.New(fault.NotFound, "", "there is no API key with this id")

// KeysOptions configure Keys.
type KeysOptions struct {
	// Log receives why uses couldn't be recorded. Defaults to slog.Default().
	Log *slog.Logger
	// Now returns the time. Defaults to time.Now.
	Now func() time.Time
}

// Keys creates, verifies and revokes API keys, which are rows of the database. It is
// safe for concurrent use.
type Keys struct {
	db  *txn.DB
	log *slog.Logger
	now func() time.Time

	mu      sync.Mutex
	cache   *simplelru.LRU[string, cachedKey]
	revoked int                  // counts revocations, so that no key is cached that was read before one
	used    map[string]time.Time // when keys were last used, by id, unless that is recorded
}

// cachedKey is a row, and when it was read.
type cachedKey struct {
	*ent.APIKey
	principal *identity.Principal
	read      time.Time
}

// NewKeys returns the API keys of a database.
func NewKeys(db *txn.DB, o KeysOptions) *Keys {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	cache, _ := simplelru.NewLRU[string, cachedKey](maxCachedKeys, nil) // fails only for a size below 1
	return &Keys{db: db, log: o.Log, now: o.Now, cache: cache, used: map[string]time.Time{}}
}

// Verify returns who has an API key. Errors are 401s, and those of the database.
func (k *Keys) Verify(ctx context.Context, key string) (*identity.Principal, error) {
	id, secret, ok := splitKey(key)
	if !ok {
		return nil, invalidToken("the API key is malformed")
	}
	found, err := k.find(ctx, id)
	if err != nil && !ent.IsNotFound(err) {
		return nil, err
	}
	if err != nil || !equal(hashSecret(secret), found.Hash) || found.RevokedAt != nil {
		return nil, invalidToken("the API key is invalid")
	}
	now := k.now()
	if found.ExpiresAt != nil && !now.Before(*found.ExpiresAt) {
		return nil, expiredToken("the API key has expired")
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.used[id] = now
	return found.principal, nil
}

// find returns the key with an id, or an error that [ent.IsNotFound] knows.
func (k *Keys) find(ctx context.Context, id string) (cachedKey, error) {
	found, revoked, ok := k.cached(id)
	if ok {
		return found, nil
	}
	found.read = k.now()
	err := k.db.Run(ctx, txn.ReadOnly, func(ctx context.Context) (err error) {
		found.APIKey, err = ent.FromContext(ctx).APIKey.Query().Where(apikey.KeyID(id)).Only(ctx)
		return err
	})
	if err != nil {
		return cachedKey{}, err
	}
	found.principal = &identity.Principal{Subject: keySubject + id, Scopes: found.Scopes}
	if found.TenantID != nil {
		found.principal.Tenant = *found.TenantID
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.revoked == revoked {
		k.cache.Add(id, found)
	}
	return found, nil
}

// cached returns the key with an id if it is cached, and the number of revocations so
// far.
func (k *Keys) cached(id string) (found cachedKey, revoked int, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	found, ok = k.cache.Get(id)
	if !ok || k.now().Sub(found.read) >= keyTTL {
		return cachedKey{}, k.revoked, false
	}
	return found, k.revoked, true
}

// NewKey is what a new API key is for.
type NewKey struct {
	// Name says to people what the key is for.
	Name string
	// Tenant is whose data the key works with; [uuid.Nil] for a key without a tenant.
	Tenant uuid.UUID
	// Scopes are what its holder is allowed to do.
	Scopes []string
	// ExpiresAt is when it stops working; zero means never.
	ExpiresAt time.Time
}

// Create creates an API key, and returns it: it can't be read again.
func (k *Keys) Create(ctx context.Context, n NewKey) (key string, created *ent.APIKey, err error) {
	id, secret := newKey()
	err = k.db.Run(ctx, txn.ReadWrite, func(ctx context.Context) (err error) {
		create := ent.FromContext(ctx).APIKey.Create().
			SetName(n.Name).SetKeyID(id).SetHash(hashSecret(secret)).SetScopes(append([]string{}, n.Scopes...))
		if n.Tenant != uuid.Nil {
			create.SetTenantID(n.Tenant)
		}
		if !n.ExpiresAt.IsZero() {
			create.SetExpiresAt(n.ExpiresAt)
		}
		created, err = create.Save(ctx)
		return err
	})
	if err != nil {
		return "", nil, err
	}
	return keyPrefix + id + secret, created, nil
}

// List returns all API keys, oldest first.
func (k *Keys) List(ctx context.Context) (keys []*ent.APIKey, err error) {
	err = k.db.Run(ctx, txn.ReadOnly, func(ctx context.Context) (err error) {
		keys, err = ent.FromContext(ctx).APIKey.Query().Order(apikey.ByID()).All(ctx)
		return err
	})
	return keys, err
}

// Revoke makes an API key invalid: at once in this process, within [keyTTL] in others.
// A key that is revoked stays so since the first time.
func (k *Keys) Revoke(ctx context.Context, id string) error {
	err := k.db.Run(ctx, txn.ReadWrite, func(ctx context.Context) error {
		key, err := ent.FromContext(ctx).APIKey.Query().Where(apikey.KeyID(id)).ForUpdate().Only(ctx)
		switch {
		case ent.IsNotFound(err):
			return ErrKeyNotFound
		case err != nil || key.RevokedAt != nil:
			return err
		}
		return key.Update().SetRevokedAt(schemakit.Now()).Exec(ctx)
	})
	k.mu.Lock()
	defer k.mu.Unlock()
	k.revoked++
	k.cache.Remove(id)
	return err
}

// Run records when keys were last used, once a minute and when ctx ends, after which it
// returns.
func (k *Keys) Run(ctx context.Context) {
	ticker := time.NewTicker(useInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			k.recordUses(context.WithoutCancel(ctx))
		case <-ctx.Done():
			k.recordUses(context.WithoutCancel(ctx))
			return
		}
	}
}

// recordUses records when keys were last used. What it can't record it forgets.
func (k *Keys) recordUses(ctx context.Context) {
	k.mu.Lock()
	used := k.used
	k.used = map[string]time.Time{}
	k.mu.Unlock()
	if len(used) == 0 {
		return
	}
	ids := slices.Sorted(maps.Keys(used))
	times := make([]time.Time, len(ids))
	for i, id := range ids {
		times[i] = used[id]
	}
	ctx, cancel := context.WithTimeout(ctx, useTimeout)
	defer cancel()
	err := k.db.Run(ctx, txn.ReadWrite, func(ctx context.Context) error {
		_, err := ent.FromContext(ctx).ExecContext(ctx, recordUses, ids, times)
		return err
	})
	if err != nil {
		k.log.WarnContext(ctx, "can't record when API keys were used", "keys", len(ids), "error", err)
	}
}

// recordUses doesn't lower a time that another process recorded.
const recordUses = `UPDATE api_keys k SET last_used_at = u.at
FROM unnest($1::text[], $2::timestamptz[]) AS u (key_id, at)
WHERE k.key_id = u.key_id AND (k.last_used_at IS NULL OR k.last_used_at < u.at)`
