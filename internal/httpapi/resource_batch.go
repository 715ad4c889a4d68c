package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"commitment/internal/fault"
	"commitment/internal/rest"
	"commitment/internal/txn"
)

// A batch is up to MaxBatch items in the request's transaction: all are done, or none is.
// What is wrong with an item is found at its place, as /items/3/name.

// batch is the body of a request with the items of a batch, in its order.
type batch struct {
	Items []json.RawMessage `json:"items"`
}

// batchKey are the members of an item that say which entity it is about, and which version
// of it.
type batchKey struct {
	ID      json.RawMessage `json:"id"`
	Version *int64          `json:"version"`
}

func (m *mounted) batchCreate(ctx context.Context, in *resourceBody) (*resourceResponse, error) {
	items, errs, err := m.items(in.RawBody, m.schemas.batchCreate)
	if err != nil {
		return nil, err
	}
	bodies, err := decodeItems(errs, items, m.table.Fields, m.resource.CreateType)
	if err != nil {
		return nil, err
	}
	all, err := m.insertAll(ctx, bodies)
	if err != nil {
		return nil, err
	}
	return m.respondAll(http.StatusCreated, all), nil
}

// insertAll inserts in one statement. When that fails for the client's fault, it inserts
// one by one, to find the item.
func (m *mounted) insertAll(ctx context.Context, bodies []any) (all []rest.Entity, err error) {
	if err := rest.References(ctx, m.table.Fields, bodies, nil, itemPointer); err != nil {
		return nil, err
	}
	if m.resource.InsertAll != nil {
		err = txn.Savepoint(ctx, func(ctx context.Context) (err error) {
			all, err = m.resource.InsertAll(ctx, bodies)
			return err
		})
		if !m.ofOneItem(err) {
			return all, err
		}
	}
	all = make([]rest.Entity, len(bodies))
	return all, m.each(len(bodies), func(i int) (err error) {
		all[i], err = m.resource.Insert(ctx, bodies[i])
		return err
	})
}

// ofOneItem reports whether an error is about what an item has, and comes again with it.
func (m *mounted) ofOneItem(err error) bool {
	e, ok := m.fault(err)
	return ok && (e.Kind == fault.Invalid || e.Kind == fault.Conflict || e.Kind == fault.Forbidden)
}

func (m *mounted) batchPatch(ctx context.Context, in *resourceBody) (*resourceResponse, error) {
	items, errs, err := m.items(in.RawBody, m.schemas.batchPatch)
	if err != nil {
		return nil, err
	}
	patches, err := decodeItems(errs, items, m.table.Fields, m.resource.PatchType)
	if err != nil {
		return nil, err
	}
	all, err := m.entities(ctx, items)
	if err != nil {
		return nil, err
	}
	views := m.resource.Views(all)
	if err := rest.References(ctx, m.table.Fields, patches, views, itemPointer); err != nil {
		return nil, err
	}
	err = m.each(len(all), func(i int) (err error) {
		if m.resource.Changes(views[i], patches[i]) {
			all[i], err = m.resource.Update(ctx, all[i], patches[i])
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return m.respondAll(http.StatusOK, all), nil
}

func (m *mounted) batchDelete(ctx context.Context, in *resourceBody) (*resourceResponse, error) {
	items, errs, err := m.items(in.RawBody, m.schemas.batchDelete)
	if err != nil {
		return nil, err
	}
	if len(errs) > 0 {
		return nil, newProblem(http.StatusUnprocessableEntity, "validation failed", errs)
	}
	all, err := m.entities(ctx, items)
	if err != nil {
		return nil, err
	}
	for i, e := range all {
		if err := m.resource.Delete(ctx, e); err != nil {
			return nil, m.inItem(i, err)
		}
	}
	return &resourceResponse{Status: http.StatusNoContent}, nil
}

func (m *mounted) respondAll(status int, all []rest.Entity) *resourceResponse {
	return &resourceResponse{Status: status, Body: rest.Body{Value: &rest.Page{Items: m.resource.Views(all)}}}
}

// items returns the items of a body, and what is wrong with them by its schema.
func (m *mounted) items(body []byte, schema *huma.Schema) ([]json.RawMessage, []error, error) {
	parsed, errs, err := m.api.validate(body, schema)
	if err != nil {
		return nil, nil, err
	}
	var texts batch
	if json.Unmarshal(body, &texts) != nil {
		return nil, nil, newProblem(http.StatusUnprocessableEntity, "validation failed", errs)
	}
	one := m.api.resolve(m.api.resolve(schema).Properties["items"].Items)
	object, _ := parsed.(map[string]any)
	items, _ := object["items"].([]any)
	for i, item := range items {
		errs = append(errs, unfit(itemLocation(i), one, item)...)
	}
	if len(items) > m.table.MaxBatch || len(items) == 0 {
		return nil, nil, newProblem(http.StatusUnprocessableEntity, "validation failed", errs)
	}
	return texts.Items, errs, nil
}

func itemLocation(i int) string { return fmt.Sprintf("body.items[%d]", i) }

// itemPointer is the JSON pointer to an item.
func itemPointer(i int) string { return "/items/" + strconv.Itoa(i) }

// decodeItems decodes each item into a struct of that type, unless errs has something that is wrong with one.
func decodeItems(errs []error, items []json.RawMessage, fields []rest.Field, t reflect.Type) ([]any, error) {
	bodies, parts := make([]any, len(items)), make([]part, len(items))
	for i, text := range items {
		bodies[i] = reflect.New(t).Interface()
		parts[i] = part{itemLocation(i), text, bodies[i]}
	}
	return bodies, decodeParts(errs, fields, parts...)
}

// entities are those that the items are about, locked, in the versions that they name.
func (m *mounted) entities(ctx context.Context, items []json.RawMessage) ([]rest.Entity, error) {
	ids, versions, err := m.keys(items)
	if err != nil {
		return nil, err
	}
	all, err := m.resource.GetAll(ctx, ids)
	if err != nil {
		return nil, err
	}
	return all, m.each(len(all), func(i int) error {
		switch v := versions[i]; {
		case all[i] == nil:
			return m.table.ErrMissing().At("/id")
		case v != nil && *v != m.resource.Version(all[i]):
			return errStale.At("/version")
		}
		return nil
	})
}

// keys reads the ids of the items, all of which differ, and the versions, where they have any.
func (m *mounted) keys(items []json.RawMessage) (ids []any, versions []*int64, err error) {
	ids, versions = make([]any, len(items)), make([]*int64, len(items))
	seen := map[any]bool{}
	return ids, versions, m.each(len(items), func(i int) error {
		var key batchKey
		if err := json.Unmarshal(items[i], &key); err != nil {
			return fault.New(fault.Invalid, "", "expected an integer in range, in plain digits").At("/version")
		}
		text := string(key.ID)
		if strings.HasPrefix(text, `"`) && json.Unmarshal(key.ID, &text) != nil {
			return fault.New(fault.Invalid, "", "expected an id").At("/id")
		}
		id, err := m.table.ParseID(text)
		if err != nil {
			return fault.New(fault.Invalid, "", "expected an id").At("/id")
		}
		if seen[id] {
			return fault.New(fault.Invalid, "", "is the id of another item").At("/id")
		}
		seen[id] = true
		ids[i], versions[i] = id, key.Version
		return nil
	})
}

// each calls f for each item. It goes on as long as items are invalid, to return all that
// is wrong with them.
func (m *mounted) each(n int, f func(i int) error) error {
	var all *fault.Error
	for i := range n {
		err := m.inItem(i, f(i))
		e, ok := errors.AsType[*fault.Error](err)
		switch {
		case err == nil:
		case all == nil && (!ok || e.Kind != fault.Invalid):
			return err
		case all == nil:
			all = e
		case !ok || e.Kind != fault.Invalid || len(all.Fields) >= maxErrors:
			return all
		default:
			all.Fields = append(all.Fields, e.Fields...)
		}
	}
	if all == nil {
		return nil
	}
	return all
}

// inItem is an error of an item, with its place.
func (m *mounted) inItem(i int, err error) error {
	if err == nil {
		return nil
	}
	e, ok := m.fault(err)
	if !ok {
		return err
	}
	item := itemPointer(i)
	found := *e
	found.Fields = nil
	for _, f := range e.Fields {
		found.Fields = append(found.Fields, fault.Field{Pointer: item + f.Pointer, Message: f.Message})
	}
	if len(found.Fields) == 0 {
		found.Fields = []fault.Field{{Pointer: item, Message: e.Message}}
	}
	return &found
}

// fault is an error as a client sees it, at the members that broke a constraint; false if
// it isn't for clients to see.
func (m *mounted) fault(err error) (*fault.Error, bool) {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok && err != nil {
		e, ok = errors.AsType[*fault.Error](m.api.problems.Classify(err))
	}
	if !ok {
		return nil, false
	}
	return m.table.Explain(e), true
}

// explained is the error of a write.
func (m *mounted) explained(err error) error {
	if e, ok := m.fault(err); ok {
		return e
	}
	return err
}

// batchSchemas describes the bodies of batches.
func (d describer) batchSchemas(s *schemas, versioned bool) {
	body := func(suffix string, item *huma.Schema, most int) *huma.Schema {
		items := &huma.Schema{Type: "array", Items: item}
		if most > 0 {
			items.MinItems, items.MaxItems = new(1), &most
		}
		list := &huma.Schema{Type: "object", Required: []string{"items"}, Properties: map[string]*huma.Schema{"items": items}, Description: "A batch of " + d.table.Plural + "."}
		if most > 0 {
			list.AdditionalProperties = false
		}
		return d.api.addSchema(d.table.Name+suffix, list)
	}
	keyed := func(suffix string, members map[string]*huma.Schema) *huma.Schema {
		key := &huma.Schema{Type: "object", AdditionalProperties: false, Required: []string{"id"}, Properties: map[string]*huma.Schema{"id": d.kind(d.table.ID())}}
		if versioned {
			key.Properties["version"] = &huma.Schema{Type: "integer", Format: "int64", Description: "The version that it must have; if absent, any."}
		}
		maps.Copy(key.Properties, members)
		key.Description = "One " + d.table.Singular + " of the batch."
		return d.api.addSchema(d.table.Name+suffix, key)
	}
	if o := d.table.Operations; o.Has(rest.BatchCreate) || o.Has(rest.BatchPatch) {
		s.batch = body("Batch", s.view, 0)
	}
	if d.table.Operations.Has(rest.BatchCreate) {
		s.batchCreate = body("BatchCreate", s.create, d.table.MaxBatch)
	}
	if d.table.Operations.Has(rest.BatchPatch) {
		s.batchPatch = body("BatchUpdate", keyed("BatchUpdateItem", d.api.resolve(s.patch).Properties), d.table.MaxBatch)
	}
	if d.table.Operations.Has(rest.BatchDelete) {
		s.batchDelete = body("BatchDelete", keyed("BatchDeleteItem", nil), d.table.MaxBatch)
	}
}

func (m *mounted) batchOperation(verb, text string, status int, response *huma.Schema) *huma.Operation {
	op := m.operation("POST "+m.path()+":batch"+verb, "batch"+verb+camel(m.table.Plural), fmt.Sprintf("%s several %s. Either all of them succeed or nothing changes. A batch has at most %d items.", text, m.table.Plural, m.table.MaxBatch), status, response)
	delete(op.Responses[strconv.Itoa(status)].Headers, "ETag")
	return op
}
