package idempotency

import (
	"bytes"
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/ent"
	"commitment/ent/idempotencykey"
	"commitment/internal/schemakit"
	"commitment/internal/txn"
)

// skipLocked lets several instances sweep at the same time.
var skipLocked = sql.WithLockAction(sql.SkipLocked)

// record identifies a request in the database.
type record struct {
	tenant       uuid.UUID // or none
	subject, key string
	fingerprint  []byte
}

// claim locks the key for this transaction, and returns its recorded response, or nil
// if there is none. If another transaction is using the key it doesn't wait, and
// returns ErrInFlight. The lock is an advisory lock of PostgreSQL, released at the end
// of the transaction. If two keys have the same hash, one of them is refused for a
// moment without need; the unique index is what prevents recording a key twice.
func (rec record) claim(ctx context.Context) (*recordedResponse, error) {
	free, err := rec.lock(ctx)
	if err != nil {
		return nil, fmt.Errorf("claim idempotency key: %w", err)
	}
	found, err := rec.read(ctx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read idempotency key: %w", err)
	case found != nil && found.ExpiresAt.After(schemakit.Now()):
		return rec.response(found) // final, whoever has the lock
	case !free:
		return nil, ErrInFlight
	case found != nil: // expired; Sweep may delete it first
		_, err = ent.FromContext(ctx).IdempotencyKey.Delete().Where(idempotencykey.ID(found.ID)).Exec(ctx)
	}
	return nil, err
}

// lock locks the key, and reports whether it was free.
func (rec record) lock(ctx context.Context) (free bool, err error) {
	tx, err := txn.SQLFromContext(ctx)
	if err != nil {
		return false, err
	}
	const lock = `SELECT pg_try_advisory_xact_lock(hashtextextended($1::text, length($2::text)))`
	err = tx.QueryRowContext(ctx, lock, []any{rec.tenant.String() + rec.subject + "\n" + rec.key, rec.subject}, &free)
	return free, err
}

// read returns the recorded key, expired or not, or nil.
func (rec record) read(ctx context.Context) (*ent.IdempotencyKey, error) {
	known, err := ent.FromContext(ctx).IdempotencyKey.Query().
		Where(idempotencykey.TenantID(rec.tenant), idempotencykey.Subject(rec.subject), idempotencykey.Key(rec.key)).
		Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil //nolint:nilnil // no key and no error: the request is new
	}
	return known, err
}

// response returns the recorded response, if it is that of this request.
func (rec record) response(known *ent.IdempotencyKey) (*recordedResponse, error) {
	if !bytes.Equal(known.Fingerprint, rec.fingerprint) {
		return nil, ErrReused
	}
	return &recordedResponse{known.Status, known.Header, known.Body}, nil
}

// save records a response, with COMMIT. That the key was recorded by another transaction
// can't come out then: at READ COMMITTED, claim has seen what the lock's last holder did.
// At other levels its snapshot may be older than the lock.
func (rec record) save(ctx context.Context, response recordedResponse, lifetime time.Duration) error {
	insert := func(ctx context.Context) error { return rec.insert(ctx, response, lifetime) }
	if txn.Isolation(ctx) == stdsql.LevelReadCommitted {
		return txn.WithCommit(ctx, insert)
	}
	return insert(ctx)
}

// insert writes the record.
func (rec record) insert(ctx context.Context, response recordedResponse, lifetime time.Duration) error {
	err := ent.FromContext(ctx).IdempotencyKey.Create().
		SetTenantID(rec.tenant).
		SetSubject(rec.subject).
		SetKey(rec.key).
		SetFingerprint(rec.fingerprint).
		SetStatus(response.status).
		SetHeader(response.header).
		SetBody(response.body).
		SetExpiresAt(schemakit.Now().Add(lifetime)).
		Exec(ctx)
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.ConstraintName == "idempotencykey_tenant_id_subject_key" {
		return ErrInFlight.With(err)
	}
	if err != nil {
		return fmt.Errorf("record idempotency key: %w", err)
	}
	return nil
}

// Sweep deletes up to limit expired keys, and returns how many. Run it in a unit of
// work of its own: small ones keep locks and WAL small.
func Sweep(ctx context.Context, limit int) (int, error) {
	client := ent.FromContext(ctx)
	ids, err := client.IdempotencyKey.Query().
		Where(idempotencykey.ExpiresAtLTE(schemakit.Now())).
		Order(idempotencykey.ByExpiresAt()).
		Limit(limit).
		ForUpdate(skipLocked).
		IDs(ctx)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return client.IdempotencyKey.Delete().Where(idempotencykey.IDIn(ids...)).Exec(ctx)
}
