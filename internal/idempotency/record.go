package idempotency

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/ent"
	"commitment/ent/idempotencykey"
	"commitment/internal/schemakit"
	"commitment/internal/txn"
)

// skipLocked lets several instances sweep at once.
var skipLocked = sql.WithLockAction(sql.SkipLocked)

// record is a request as the database knows it.
type record struct {
	subject, key string
	fingerprint  []byte
}

// claim takes the key for this transaction, and returns the answer that is
// recorded for it, or nil when there is none. While another transaction works under
// the key it doesn't wait, and returns ErrInFlight.
//
// The lock is one of PostgreSQL's advisory locks, which the end of the transaction
// frees. Of two keys that hash alike one is refused in vain, for a moment; what
// keeps a key from being recorded twice is its unique index.
func (rec record) claim(ctx context.Context) (*answer, error) {
	free, err := rec.lock(ctx)
	if err != nil {
		return nil, fmt.Errorf("claim idempotency key: %w", err)
	}
	known, err := rec.read(ctx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read idempotency key: %w", err)
	case known != nil && known.ExpiresAt.After(schemakit.Now()):
		return rec.answer(known) // it is final, whoever has the lock: to be answered again, too
	case !free:
		return nil, ErrInFlight
	case known != nil: // Sweep may have been faster
		_, err = ent.FromContext(ctx).IdempotencyKey.Delete().Where(idempotencykey.ID(known.ID)).Exec(ctx)
	}
	return nil, err
}

// lock takes the key's lock, and reports whether it was free.
func (rec record) lock(ctx context.Context) (free bool, err error) {
	tx, err := txn.SQLFromContext(ctx)
	if err != nil {
		return false, err
	}
	const lock = `SELECT pg_try_advisory_xact_lock(hashtextextended($1::text, length($2::text)))`
	err = tx.QueryRowContext(ctx, lock, []any{rec.subject + "\n" + rec.key, rec.subject}, &free)
	return free, err
}

// read returns the key as it is recorded, expired or not, or nil.
func (rec record) read(ctx context.Context) (*ent.IdempotencyKey, error) {
	known, err := ent.FromContext(ctx).IdempotencyKey.Query().
		Where(idempotencykey.Subject(rec.subject), idempotencykey.Key(rec.key)).
		Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil //nolint:nilnil // no key and no error: the request is new
	}
	return known, err
}

// answer is the recorded answer, if it is that of this request.
func (rec record) answer(known *ent.IdempotencyKey) (*answer, error) {
	if !bytes.Equal(known.Fingerprint, rec.fingerprint) {
		return nil, ErrReused
	}
	return &answer{known.Status, known.Header, known.Body}, nil
}

// save records the answer.
func (rec record) save(ctx context.Context, given answer, lifetime time.Duration) error {
	err := ent.FromContext(ctx).IdempotencyKey.Create().
		SetSubject(rec.subject).
		SetKey(rec.key).
		SetFingerprint(rec.fingerprint).
		SetStatus(given.status).
		SetHeader(given.header).
		SetBody(given.body).
		SetExpiresAt(schemakit.Now().Add(lifetime)).
		Exec(ctx)
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.ConstraintName == "idempotencykey_subject_key" {
		return ErrInFlight.With(err)
	}
	if err != nil {
		return fmt.Errorf("record idempotency key: %w", err)
	}
	return nil
}

// Sweep deletes up to limit keys that have expired, and returns how many. It is
// for a unit of work of its own: small ones keep locks and WAL small.
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
