package httpapi

import (
	"errors"
	"strings"

	"entgo.io/ent/privacy"

	"commitment/ent"
	"commitment/internal/fault"
)

var (
	errNotFound  = fault.New(fault.NotFound, "", "there is no such thing")
	errForbidden = fault.New(fault.Forbidden, "", "this isn't allowed")
)

// classifyWith classifies what Ent refuses by itself, and leaves the rest to the database's
// own function. It is asked for errors that aren't classified: a hook, a rule of a policy
// or a validator that returns a [*fault.Error] has said all.
func classifyWith(database func(error) error) func(error) error {
	return func(err error) error {
		if invalid, ok := errors.AsType[*ent.ValidationError](err); ok {
			return fault.New(fault.Invalid, "", reason(errors.Unwrap(invalid))).At("/" + invalid.Name).With(err)
		}
		if errors.Is(err, privacy.Deny) {
			return errForbidden.With(err)
		}
		if ent.IsNotFound(err) {
			return errNotFound.With(err)
		}
		classified := database(err)
		_, known := errors.AsType[*fault.Error](classified)
		if _, refused := errors.AsType[*ent.ConstraintError](err); refused && !known {
			// Ent asked the database, and it has no SQLSTATE: an edge of which the
			// other end has one already.
			return fault.New(fault.Conflict, "already-connected", "this is connected to something else").With(err)
		}
		return classified
	}
}

// reason is what may be shown of the error of an [ent.ValidationError]. A validator
// knows nothing but the value, so what it says itself is about that; an error of
// something else that it wraps, or one that is no sentence any more, isn't shown.
func reason(err error) string {
	const failed, required, maxLen = "ent: validator failed for field ", "ent: missing required ", 200
	switch {
	case strings.HasPrefix(err.Error(), required):
		return "is required"
	case strings.HasPrefix(err.Error(), failed):
		if said := errors.Unwrap(err); said != nil && !wraps(said) && len(said.Error()) <= maxLen {
			return said.Error()
		}
	}
	return "a value breaks a rule of the data"
}

// wraps reports whether err has other errors inside.
func wraps(err error) bool {
	switch err.(type) { //nolint:errorlint // what this very error is
	case interface{ Unwrap() error }, interface{ Unwrap() []error }:
		return true
	}
	return false
}
