package httpapi

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"entgo.io/ent/dialect/sql"
	"github.com/danielgtaylor/huma/v2"

	"commitment/internal/fault"
	"commitment/internal/rest"
	"commitment/internal/schemakit"
	"commitment/internal/txn"
)

// mount adds the operations of a resource. One that another route serves is taken out
// with [except]; any other part is overridden by replacing a function of the resource.
func mount[E rest.Entity, V, C, P any](a *api, r *rest.Resource[E, V, C, P], options ...option) {
	a.mount(r.Erase(), options)
}

func (a *api) mount(r *rest.Erased, options []option) {
	t, errs := r.Table, map[rest.Operation][]*fault.Error{}
	if t.Readers.IsZero() {
		t.Readers = a.demand
	}
	if t.Writers.IsZero() {
		t.Writers = a.demand
	}
	for _, o := range options {
		o(t, errs)
	}
	if len(a.tags) == 0 {
		a = a.tag(strings.ToUpper(t.Plural[:1])+t.Plural[1:], cmp.Or(t.Doc, "Operations on "+t.Plural+"."))
	}
	m := &mounted{resource: r, table: t, api: a, schemas: describeResource(a, r)}
	a.resources[t.Name] = m
	for _, o := range []struct {
		operation rest.Operation
		add       func()
	}{
		{rest.List, func() { register(a, m.listing(), m.list) }},
		{rest.Create, func() { registerBody(a, m.creation(), m.schemas.create, jsonType, m.create) }},
		{rest.Read, func() { register(a, m.reading(), m.read) }},
		{rest.Update, func() { registerBody(a, m.replacement(), m.schemas.replace, jsonType, m.replace) }},
		{rest.Patch, func() { registerBody(a, m.patching(), m.schemas.patch, patchType, m.patch) }},
		{rest.Delete, func() { register(a, m.deletion(), m.delete) }},
		{rest.Undelete, func() { register(a, m.undeletion(), m.undelete) }},
		{rest.BatchCreate, func() {
			registerBody(a, m.batchOperation("Create", "Create", http.StatusCreated, m.schemas.batch), m.schemas.batchCreate, jsonType, m.batchCreate)
		}},
		{rest.BatchPatch, func() {
			registerBody(a, m.batchOperation("Update", "Change", http.StatusOK, m.schemas.batch), m.schemas.batchPatch, jsonType, m.batchPatch)
		}},
		{rest.BatchDelete, func() {
			registerBody(a, m.batchOperation("Delete", "Delete", http.StatusNoContent, nil), m.schemas.batchDelete, jsonType, m.batchDelete)
		}},
	} {
		if t.Operations.Has(o.operation) {
			m.api = a.allow(t.Demand(o.operation))
			m.errs = m.failures(o.operation, errs[o.operation])
			o.add()
		}
	}
	m.errs = nil
}

// failures are the errors that an operation has: its own, and those that come of what the
// resource is.
func (m *mounted) failures(o rest.Operation, own []*fault.Error) []*fault.Error {
	const (
		writes = rest.Create | rest.Update | rest.Patch | rest.Undelete | rest.BatchCreate | rest.BatchPatch
		keyed  = rest.BatchPatch | rest.BatchDelete
	)
	errs := slices.Clone(own)
	if writes.Has(o) {
		errs = append(errs, m.table.Violations(own)...)
	}
	if keyed.Has(o) {
		errs = append(errs, m.table.ErrMissing())
		if m.resource.Version != nil {
			errs = append(errs, errStale)
		}
	}
	return errs
}

// option adapts a resource to its place in the API.
type option func(t *rest.Table, errs map[rest.Operation][]*fault.Error)

// except leaves operations to routes of their own, and takes out the batches of them: they
// would go another way.
func except(operations rest.Operation) option {
	return func(t *rest.Table, _ map[rest.Operation][]*fault.Error) {
		t.Operations &^= operations | operations.Batches()
	}
}

// fails describes errors that operations, and their batches, have and others don't, as
// handle does.
func fails(operations rest.Operation, errs ...*fault.Error) option {
	operations |= operations.Batches()
	return func(_ *rest.Table, all map[rest.Operation][]*fault.Error) {
		for o := rest.List; o <= operations; o <<= 1 {
			if operations.Has(o) {
				all[o] = append(all[o], errs...)
			}
		}
	}
}

const (
	jsonType  = "application/json"
	patchType = "application/merge-patch+json"
)

// mounted is a resource in the API.
type mounted struct {
	resource *rest.Erased
	table    *rest.Table
	api      *api
	schemas  schemas
	errs     []*fault.Error // those of the operation that is added
}

// resourceRequest is what operations on resources take of a request. They share it, so
// that huma compiles one of each.
type resourceRequest struct {
	http  huma.Context
	query url.Values
	conditions
}

// conditions hides the headers of [Conditions] from huma, which would describe them with
// every operation. Those that evaluate them say so.
type conditions struct{ Conditions }

// Resolve reads the request.
func (in *resourceRequest) Resolve(ctx huma.Context) []error {
	in.http = ctx
	if u := ctx.URL(); u.RawQuery != "" {
		in.query = u.Query()
	}
	in.IfMatch, in.IfNoneMatch = ctx.Header("If-Match"), ctx.Header("If-None-Match")
	return nil
}

// param is a parameter of the path.
func (in *resourceRequest) param(name string) string { return in.http.Param(name) }

// resourceBody is a request with a body.
type resourceBody struct {
	resourceRequest
	RawBody []byte `contentType:"application/json"`
}

// resourceResponse is what operations on resources respond with.
type resourceResponse struct {
	Status   int
	Location string `header:"Location" hidden:"true"`
	ETag     string `header:"ETag" hidden:"true"`
	Body     any
}

// register adds an operation without a body.
func register(a *api, op *huma.Operation, h func(context.Context, *resourceRequest) (*resourceResponse, error)) {
	huma.Register(a.huma, *op, reported(a, h))
	if op.DefaultStatus == http.StatusNoContent {
		op.Responses["204"].Content = nil
	}
}

// registerBody adds an operation with a body of that schema and type.
func registerBody(a *api, op *huma.Operation, schema *huma.Schema, contentType string, h func(context.Context, *resourceBody) (*resourceResponse, error)) {
	op.RequestBody = &huma.RequestBody{Required: true}
	op.SkipValidateBody = true // huma describes a body that it doesn't read as binary
	huma.Register(a.huma, *op, reported(a, h))
	op.RequestBody.Content = map[string]*huma.MediaType{contentType: {Schema: schema}}
	if op.DefaultStatus == http.StatusNoContent {
		op.Responses["204"].Content = nil
	}
}

// entity is one that is read, or that is read to be changed, in a state that the client
// expects. Modifiers change the query.
func (m *mounted) entity(ctx context.Context, in *resourceRequest, lock rest.Lock, modifiers ...func(*sql.Selector)) (rest.Entity, error) {
	id, err := m.table.ParseID(in.param("id"))
	if err != nil {
		return nil, err
	}
	e, err := m.resource.Get(ctx, id, lock, modifiers...)
	if err != nil {
		return nil, err
	}
	if in.IfMatch == "" && in.IfNoneMatch == "" {
		return e, nil
	}
	tag := m.etag(e)
	if !in.match(tag) || bool(lock) && !in.noneMatch(tag) {
		return nil, errStale
	}
	return e, nil
}

// etag is the entity's; empty where it has no version.
func (m *mounted) etag(e rest.Entity) string {
	if m.resource.Version == nil {
		return ""
	}
	return etag(m.resource.Version(e))
}

func (m *mounted) respond(status int, e rest.Entity) *resourceResponse {
	return &resourceResponse{Status: status, ETag: m.etag(e), Body: rest.Body{Value: m.resource.View(e)}}
}

func (m *mounted) list(ctx context.Context, in *resourceRequest) (*resourceResponse, error) {
	q, err := m.table.ParseQuery(in.query)
	if err != nil {
		return nil, err
	}
	if err := boundList(ctx); err != nil {
		return nil, err
	}
	page, err := m.resource.List(ctx, q)
	if err != nil {
		return nil, err
	}
	return &resourceResponse{Status: http.StatusOK, Body: rest.Body{Value: page}}, nil
}

// listTimeout bounds each statement of a list: filters that no index carries, or an exact
// count, may take long, and a client waits less for a list than for a write.
const listTimeout = "5s"

func boundList(ctx context.Context) error {
	err := txn.Set(ctx, "statement_timeout", listTimeout)
	if errors.Is(err, txn.ErrBegun) { // by a middleware: the request's own timeout holds
		return nil
	}
	return err
}

func (m *mounted) read(ctx context.Context, in *resourceRequest) (*resourceResponse, error) {
	q, err := m.table.ParseItem(in.query)
	if err != nil {
		return nil, err
	}
	var keys []func(*sql.Selector)
	if q.Expands() {
		keys = append(keys, q.Keys)
	}
	e, err := m.entity(ctx, in, false, keys...)
	if err != nil {
		return nil, err
	}
	out := &resourceResponse{Status: http.StatusOK}
	if !q.Expands() { // the version is that of the entity alone
		out.ETag = m.etag(e)
		if !in.noneMatch(out.ETag) {
			out.Status = http.StatusNotModified
			return out, nil
		}
	}
	item, err := m.resource.Item(ctx, e, q)
	out.Body = rest.Body{Value: item}
	return out, err
}

func (m *mounted) create(ctx context.Context, in *resourceBody) (*resourceResponse, error) {
	body := reflect.New(m.resource.CreateType).Interface()
	if err := m.api.decode(in.RawBody, m.schemas.create, body, m.table.Fields); err != nil {
		return nil, err
	}
	return m.insert(ctx, body)
}

func (m *mounted) insert(ctx context.Context, body any) (*resourceResponse, error) {
	if err := rest.References(ctx, m.table.Fields, []any{body}, nil, wholeBody); err != nil {
		return nil, err
	}
	e, err := m.resource.Insert(ctx, body)
	if err != nil {
		return nil, m.explained(err)
	}
	view := m.resource.View(e)
	return &resourceResponse{Status: http.StatusCreated, Location: m.path() + "/" + m.resource.FormatID(view), ETag: m.etag(e), Body: rest.Body{Value: view}}, nil
}

func (m *mounted) patch(ctx context.Context, in *resourceBody) (*resourceResponse, error) {
	patch := reflect.New(m.resource.PatchType).Interface()
	if err := m.api.decode(in.RawBody, m.schemas.patch, patch, m.table.Fields); err != nil {
		return nil, err
	}
	e, err := m.entity(ctx, &in.resourceRequest, rest.ForChange)
	if err != nil {
		return nil, err
	}
	return m.update(ctx, e, patch)
}

func (m *mounted) update(ctx context.Context, e rest.Entity, patch any) (*resourceResponse, error) {
	if view := m.resource.View(e); m.resource.Changes(view, patch) {
		err := rest.References(ctx, m.table.Fields, []any{patch}, []any{view}, wholeBody)
		if err != nil {
			return nil, err
		}
		if e, err = m.resource.Update(ctx, e, patch); err != nil {
			return nil, m.explained(err)
		}
	}
	return m.respond(http.StatusOK, e), nil
}

func (m *mounted) replace(ctx context.Context, in *resourceBody) (*resourceResponse, error) {
	body := reflect.New(m.resource.CreateType).Interface()
	if err := m.api.decode(in.RawBody, m.schemas.replace, body, m.table.Fields); err != nil {
		return nil, err
	}
	e, err := m.entity(ctx, &in.resourceRequest, rest.ForChange)
	if m.table.ClientID && isMissing(err) {
		return m.createAs(ctx, &in.resourceRequest, body)
	}
	if err != nil {
		return nil, err
	}
	patch, err := m.resource.Replacement(m.resource.View(e), body)
	if err != nil {
		return nil, err
	}
	return m.update(ctx, e, patch)
}

// createAs creates an entity with the id of the path.
func (m *mounted) createAs(ctx context.Context, in *resourceRequest, body any) (*resourceResponse, error) {
	if in.IfMatch != "" {
		return nil, errStale
	}
	id, err := m.table.ParseID(in.param("id"))
	if err != nil {
		return nil, err
	}
	m.resource.SetID(body, id)
	return m.insert(ctx, body)
}

func (m *mounted) delete(ctx context.Context, in *resourceRequest) (*resourceResponse, error) {
	e, err := m.entity(ctx, in, rest.ForChange)
	if err != nil {
		return nil, err
	}
	return &resourceResponse{Status: http.StatusNoContent}, m.resource.Delete(ctx, e)
}

// undelete undoes a soft deletion. What isn't deleted stays as it is, so that the request
// can be repeated.
func (m *mounted) undelete(ctx context.Context, in *resourceRequest) (*resourceResponse, error) {
	ctx = schemakit.WithDeleted(ctx)
	e, err := m.entity(ctx, in, rest.ForChange)
	if err != nil {
		return nil, err
	}
	if m.resource.Deleted(e) {
		if e, err = m.resource.Undelete(ctx, e); err != nil {
			return nil, m.explained(err)
		}
	}
	return m.respond(http.StatusOK, e), nil
}

// wholeBody is the pointer to the body.
func wholeBody(int) string { return "" }

func isMissing(err error) bool {
	f, ok := errors.AsType[*fault.Error](err)
	return ok && f.Kind == fault.NotFound
}
