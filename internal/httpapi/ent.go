package httpapi

import (
	"errors"
	"strings"

	"entgo.io/ent/privacy"

	"commitment/ent"
	"commitment/internal/fault"
)

var (
	errNotFound  = fault.New(fault.NotFound, "", "not found")
	errForbidden = fault.New(fault.Forbidden, "", "not allowed")
)

// classifyWith returns a function that classifies Ent's own errors, and passes the rest to
// that of the database. It is called for errors that aren't classified: hooks, policies
// and validators can return a [*fault.Error].
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
			// Ent has found it by a query, so it has no SQLSTATE: the other end of an
			// edge is connected already.
			return fault.New(fault.Conflict, "already-connected", "already connected to another").With(err)
		}
		return classified
	}
}

// reason returns what may be shown of the error of an [ent.ValidationError]. A validator
// knows nothing but the value, so its own message is about that. A message that is very
// long, or of an error that it wraps, isn't shown.
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
	return "a value isn't valid"
}

// wraps reports whether err wraps other errors.
func wraps(err error) bool {
	switch err.(type) { //nolint:errorlint // of this error itself
	case interface{ Unwrap() error }, interface{ Unwrap() []error }:
		return true
	}
	return false
}
