package jobs

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/riverqueue/river/rivertype"

	"commitment/internal/identity"
)

// origin is what travels with a job, in its metadata: on whose behalf it runs.
type origin struct {
	Tenant      uuid.UUID `json:"tenant,omitzero"`
	Subject     string    `json:"subject,omitempty"`
	Traceparent string    `json:"traceparent,omitempty"` // of W3C Trace Context
}

// originFields are the names of the fields of origin.
var originFields = []string{"tenant", "subject", "traceparent"}

// stamp adds the origin of a job that is being inserted. A unique job is unique in its
// tenant: else one tenant's job would suppress another one's.
func stamp(ctx context.Context, params *rivertype.JobInsertParams) error {
	o := origin{Tenant: identity.Tenant(ctx), Traceparent: traceparent(ctx)}
	if p := identity.From(ctx); p != nil {
		o.Subject = p.Subject
	}
	var err error
	if params.Metadata, err = merge(params.Metadata, o); err != nil {
		return fmt.Errorf("metadata: %w", err)
	}
	if len(params.UniqueKey) > 0 && o.Tenant != uuid.Nil {
		sum := sha256.Sum256(append(o.Tenant[:], params.UniqueKey...))
		params.UniqueKey = sum[:]
	}
	return nil
}

// merge adds the fields of o to a JSON object, which may be empty. Fields of their names
// are dropped: an enqueuer's metadata don't say for whom a job runs.
func merge(object []byte, o origin) ([]byte, error) {
	added, err := json.Marshal(o)
	if err != nil || len(object) == 0 || string(object) == "{}" {
		return added, err
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(object, &fields); err != nil {
		return nil, err
	}
	maps.DeleteFunc(fields, func(name string, _ json.RawMessage) bool {
		return slices.ContainsFunc(originFields, func(own string) bool { return strings.EqualFold(name, own) }) // as Unmarshal finds them
	})
	if err := json.Unmarshal(added, &fields); err != nil {
		return nil, err
	}
	return json.Marshal(fields)
}

// enter returns a context of the job's origin.
func (o origin) enter(ctx context.Context) context.Context {
	if o.Tenant == uuid.Nil && o.Subject == "" {
		return ctx
	}
	ctx = identity.WithTenant(ctx, o.Tenant)
	return identity.With(ctx, &identity.Principal{Subject: o.Subject, Tenant: o.Tenant})
}

// originOf returns the origin of a job. One that was inserted by other means has none.
func originOf(job *rivertype.JobRow) origin {
	var o origin
	_ = json.Unmarshal(job.Metadata, &o)
	return o
}
