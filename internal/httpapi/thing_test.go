package httpapi

import (
	"context"
	"fmt"
	"net/http"

	"entgo.io/ent/dialect/sql"
	"github.com/google/uuid"

	"commitment/ent"
	"commitment/ent/idempotencykey"
	"commitment/internal/fault"
	"commitment/internal/pgtest/rowtest"
)

// NewThings is New with things in place of the service's own routes, so that the tests
// of what all routes have in common hold in every project.
func NewThings(o Options) http.Handler {
	return serve(o, func(v1 *api) {
		things := v1.tag("Things", "A thing is what the tests of all routes are about.")
		handle(things, "POST /v1/things", "addThing", "Add a thing. No other has its name.", addThing, thingErrors...)
		handle(things, "GET /v1/things", "listThings", "List things. They come in no order.", listThings)
		handle(things, "GET /v1/things/{id}", "readThing", "Read a thing. It has a name.", readThing)
		handle(things, "PATCH /v1/things/{id}", "renameThing", "Rename a thing. No other has its name.", renameThing, thingErrors...)
		handle(things, "DELETE /v1/things/{id}", "deleteThing", "Delete a thing. It's gone.", deleteThing, ErrKnownRule)
	})
}

// ErrKnownRule is what a constraint means that the tests have.
var ErrKnownRule = fault.New(fault.Invalid, "a-known-rule", "it breaks a rule")

var thingErrors = []*fault.Error{fault.New(fault.Conflict, "already-exists", "a thing of this name exists"), ErrKnownRule}

// Thing is a row of rowtest. Its version is the row's status.
type Thing struct {
	ID   uuid.UUID `json:"id" format:"uuid" example:"01a205f2-fa8d-780f-8e50-44c4fb9588e6"`
	Name string    `json:"name" example:"anvil"`
}

type thingOutput struct {
	Status int
	ETag   string `header:"ETag"`
	Body   *Thing
}

func newThingOutput(status int, row *ent.IdempotencyKey) *thingOutput {
	return &thingOutput{Status: status, ETag: etag(int64(row.Status)), Body: &Thing{ID: row.ID, Name: row.Key}}
}

type addThingInput struct {
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"200" pattern:"^[^\\x00]*$" patternDescription:"text without NUL" example:"anvil"`
		Kind string `json:"kind" minLength:"3" maxLength:"3" example:"new"`
	}
}

func addThing(ctx context.Context, in *addThingInput) (*thingOutput, error) {
	row, err := rowtest.Create(ent.FromContext(ctx), in.Body.Name).SetStatus(1).Save(ctx)
	if err != nil {
		return nil, err
	}
	return newThingOutput(http.StatusCreated, row), nil
}

type thingsInput struct {
	Limit int       `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"The most items."`
	After uuid.UUID `query:"after" format:"uuid" doc:"The last item of the page before."`
}

type thingsOutput struct {
	Body struct {
		Items []Thing `json:"items" nullable:"false"`
	}
}

func listThings(ctx context.Context, in *thingsInput) (*thingsOutput, error) {
	rows, err := rowtest.Query(ent.FromContext(ctx)).Limit(in.Limit).All(ctx)
	if err != nil {
		return nil, err
	}
	out := &thingsOutput{}
	out.Body.Items = make([]Thing, 0, len(rows))
	for _, row := range rows {
		out.Body.Items = append(out.Body.Items, Thing{ID: row.ID, Name: row.Key})
	}
	return out, nil
}

// ThingInput names a thing, and the state that the client expects it to be in.
type ThingInput struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The thing's id."`
	Conditions
}

func readThing(ctx context.Context, in *ThingInput) (*thingOutput, error) {
	row, err := ent.FromContext(ctx).IdempotencyKey.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := newThingOutput(http.StatusOK, row)
	if !in.match(out.ETag) {
		return nil, errStale
	}
	if !in.noneMatch(out.ETag) {
		out.Status, out.Body = http.StatusNotModified, nil
	}
	return out, nil
}

// unchanged reads a thing that is to be changed, in the state that the client expects.
func (in *ThingInput) unchanged(ctx context.Context) (*ent.IdempotencyKey, error) {
	row, err := ent.FromContext(ctx).IdempotencyKey.Query().Where(idempotencykey.ID(in.ID)).ForUpdate().Only(ctx)
	if err != nil {
		return nil, err
	}
	if current := etag(int64(row.Status)); !in.match(current) || !in.noneMatch(current) {
		return nil, errStale
	}
	return row, nil
}

type renameThingInput struct {
	ThingInput
	Body struct {
		Name Member[string] `json:"name" required:"false" minLength:"1" maxLength:"200" example:"anvil"`
	} `contentType:"application/merge-patch+json"`
}

func renameThing(ctx context.Context, in *renameThingInput) (*thingOutput, error) {
	row, err := in.unchanged(ctx)
	if err != nil {
		return nil, err
	}
	if name := in.Body.Name.Value; name != nil && *name != row.Key {
		row, err = row.Update().Modify(func(u *sql.UpdateBuilder) {
			u.Set(idempotencykey.FieldKey, *name).Set(idempotencykey.FieldStatus, row.Status+1)
		}).Save(ctx)
		if err != nil {
			return nil, fmt.Errorf("rename: %w", err)
		}
	}
	return newThingOutput(http.StatusOK, row), nil
}

func deleteThing(ctx context.Context, in *ThingInput) (*struct{}, error) {
	row, err := in.unchanged(ctx)
	if err != nil {
		return nil, err
	}
	return nil, ent.FromContext(ctx).IdempotencyKey.DeleteOne(row).Exec(ctx)
}
