package txn

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"entgo.io/ent/dialect"
	"github.com/google/uuid"

	"commitment/ent"
	"commitment/ent/idempotencykey"
)

// recorder records the last query, and fails.
type recorder struct {
	dialect.Driver
	query string
	args  any
}

func (*recorder) Dialect() string { return dialect.Postgres }

func (r *recorder) Query(_ context.Context, query string, args, _ any) error {
	r.query, r.args = query, args
	return errors.New("recorded")
}

func TestGetIsTheQueryOfItsID(t *testing.T) {
	t.Parallel()
	id, get, query := uuid.New(), &recorder{}, &recorder{}
	_, getErr := ent.NewClient(ent.Driver(get)).IdempotencyKey.Get(t.Context(), id)
	_, queryErr := ent.NewClient(ent.Driver(query)).IdempotencyKey.Query().Where(idempotencykey.ID(id)).Only(t.Context())
	if get.query != query.query || fmt.Sprint(get.args) != fmt.Sprint(query.args) || get.query == "" || fmt.Sprint(getErr) != fmt.Sprint(queryErr) {
		t.Errorf("Get sends %s %v (%v), want %s %v (%v)", get.query, get.args, getErr, query.query, query.args, queryErr)
	}
}

func TestInterceptorsSeeAGet(t *testing.T) {
	t.Parallel()
	seen := 0
	c := ent.NewClient(ent.Driver(&recorder{}))
	c.Intercept(ent.InterceptFunc(func(next ent.Querier) ent.Querier {
		return ent.QuerierFunc(func(ctx context.Context, q ent.Query) (ent.Value, error) {
			if _, ok := q.(*ent.IdempotencyKeyQuery); ok {
				seen++
			}
			return next.Query(ctx, q)
		})
	}))
	if _, err := c.IdempotencyKey.Get(t.Context(), uuid.New()); err == nil || seen != 1 {
		t.Errorf("Get() = %v, seen by %d interceptors, want an error and 1", err, seen)
	}
}
