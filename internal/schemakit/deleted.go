package schemakit

import "context"

type deletedKey struct{}

// WithDeleted returns a context whose queries see what is softly deleted, if the
// interceptor that hides it asks [ShowsDeleted].
func WithDeleted(ctx context.Context) context.Context {
	return context.WithValue(ctx, deletedKey{}, true)
}

// ShowsDeleted reports whether a query in ctx sees what is softly deleted.
func ShowsDeleted(ctx context.Context) bool { return ctx.Value(deletedKey{}) != nil }
