package httpapi

import (
	"context"
	"net/http"
	"time"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"commitment/ent"
	"commitment/ent/idempotencykey"
	"commitment/internal/fault"
	"commitment/internal/identity"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/rest"
)

// NewThings is New with things in place of the service's own routes, so that the tests
// of what all routes have in common hold in every project. Some operations are a
// resource's, which is written as `go generate` would, and some are handlers of their own.
func NewThings(o Options) http.Handler {
	return serve(o, func(v1 *api) {
		tagged := v1.allow(identity.Authenticated).tag("Things", "A thing is what the tests of all routes are about.")
		mount(tagged, things(), except(rest.Create|rest.Delete), fails(rest.Patch, thingErrors...))
		handle(tagged, "POST /v1/things", "addThing", "Add a thing. No other has its name.", addThing, thingErrors...)
		handle(tagged, "DELETE /v1/things/{id}", "deleteThing", "Delete a thing. It's gone.", deleteThing, ErrKnownRule)
	})
}

// ErrKnownRule is what a constraint means that the tests have.
var ErrKnownRule = fault.New(fault.Invalid, "a-known-rule", "it breaks a rule")

var thingErrors = []*fault.Error{fault.New(fault.Conflict, "already-exists", "a thing of this name exists"), ErrKnownRule}

// Thing is a row of rowtest. Its version is the row's status.
type Thing struct {
	ID        uuid.UUID `json:"id"`
	Name      string    `json:"name"`
	ExpiresAt time.Time `json:"expires_at"`
}

// ThingPatch is what changes of a thing.
type ThingPatch struct {
	Name rest.Optional[string] `json:"name"`
}

var thingFields = []rest.Field{
	{Name: "id", Column: idempotencykey.FieldID, Kind: rest.UUID, Access: rest.Readable | rest.Sortable, Filter: rest.Equality, Index: "primary key"},
	{Name: "name", Column: idempotencykey.FieldKey, Kind: rest.String, Access: rest.Readable | rest.Patchable | rest.Sortable, Filter: rest.Equality | rest.Range | rest.Prefix, Example: "anvil"},
	{Name: "expires_at", Column: idempotencykey.FieldExpiresAt, Kind: rest.Time, Access: rest.Readable | rest.Sortable, Filter: rest.Range},
}

func things() *rest.Resource[*ent.IdempotencyKey, *Thing, *struct{}, *ThingPatch] {
	return &rest.Resource[*ent.IdempotencyKey, *Thing, *struct{}, *ThingPatch]{
		Table: rest.Table{
			Name: "Thing", Singular: "thing", Plural: "things", Path: "things",
			Operations:  rest.List | rest.Read | rest.Create | rest.Patch | rest.Delete,
			Fields:      thingFields,
			DefaultSort: "id", MaxLimit: 200,
		},
		Show: func(row *ent.IdempotencyKey, to *Thing) {
			*to = Thing{ID: row.ID, Name: row.Key, ExpiresAt: row.ExpiresAt}
		},
		All: func(ctx context.Context, m func(*sql.Selector)) ([]*ent.IdempotencyKey, error) {
			return rowtest.Query(ent.FromContext(ctx)).Modify(m).All(ctx)
		},
		Count: func(ctx context.Context, m func(*sql.Selector)) (int, error) {
			return rowtest.Query(ent.FromContext(ctx)).Modify(m).Count(ctx)
		},
		Update: func(ctx context.Context, row *ent.IdempotencyKey, in *ThingPatch) (*ent.IdempotencyKey, error) {
			return row.Update().Modify(func(u *sql.UpdateBuilder) {
				u.Set(idempotencykey.FieldKey, in.Name.Value).Set(idempotencykey.FieldStatus, row.Status+1)
			}).Save(ctx)
		},
		Version: func(row *ent.IdempotencyKey) int64 { return int64(row.Status) },
	}
}

type addThingInput struct {
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"200" pattern:"^[^\\x00]*$" patternDescription:"text without NUL" example:"anvil"`
		Kind string `json:"kind" minLength:"3" maxLength:"3" example:"new"`
	}
}

type addThingOutput struct {
	ETag string `header:"ETag"`
	Body view[*Thing]
}

func addThing(ctx context.Context, in *addThingInput) (*addThingOutput, error) {
	row, err := rowtest.Create(ent.FromContext(ctx), in.Body.Name).SetStatus(1).Save(ctx)
	if err != nil {
		return nil, err
	}
	return &addThingOutput{ETag: etag(int64(row.Status)), Body: viewOf(things(), row)}, nil
}

// ThingInput names a thing, and the state that the client expects it to be in.
type ThingInput struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The thing's id."`
	Conditions
}

func deleteThing(ctx context.Context, in *ThingInput) (*struct{}, error) {
	e, err := things().Erase().Get(ctx, in.ID, rest.ForChange)
	if err != nil {
		return nil, err
	}
	row := e.(*ent.IdempotencyKey)
	if current := etag(int64(row.Status)); !in.match(current) || !in.noneMatch(current) {
		return nil, errStale
	}
	return nil, ent.FromContext(ctx).IdempotencyKey.DeleteOne(row).Exec(ctx)
}
