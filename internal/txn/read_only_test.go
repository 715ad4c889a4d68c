package txn

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"testing"

	"commitment/internal/fault"
	"commitment/internal/postgres"
)

// setReadOnly has new sessions of the database be read-only, or not.
func (f *fixture) setReadOnly(t *testing.T, on bool) {
	t.Helper()
	u, err := url.Parse(f.url)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := postgres.Open(postgres.Options{URL: f.url})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close() }()
	statement := fmt.Sprintf("SET transaction_read_only = off; ALTER DATABASE %q SET default_transaction_read_only = %v", u.Path[1:], on)
	if _, err := admin.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestAWriteOnAReadOnlyServerIsUnavailable(t *testing.T) {
	t.Parallel()
	f := open(t, 4, Options{})
	f.setReadOnly(t, true)
	var attempts int
	write := func(ctx context.Context) error {
		attempts = Attempt(ctx)
		return insert(ctx, "a")
	}
	err := f.Run(t.Context(), ReadWrite, write)
	classified, ok := errors.AsType[*fault.Error](postgres.Constraints{}.Classify(err))
	if !ok || classified.Kind != fault.Unavailable || attempts != 3 {
		t.Errorf("Run() = %v in %d attempts, want unavailable in 3", err, attempts)
	}
	f.setReadOnly(t, false) // which doesn't reach sessions that are open
	if err := f.Run(t.Context(), ReadWrite, write); err != nil || attempts != 1 {
		t.Errorf("Run() = %v in %d attempts, want success in 1 once the server takes writes", err, attempts)
	}
}

func TestAWriteInAUnitThatOnlyReadsIsADefect(t *testing.T) {
	t.Parallel()
	f := open(t, 1, Options{})
	attempts := 0
	err := f.Run(t.Context(), ReadOnly, func(ctx context.Context) error {
		attempts++
		return insert(ctx, "a")
	})
	if classified := (postgres.Constraints{}).Classify(err); err == nil || classified != err || attempts != 1 { //nolint:errorlint // the very error
		t.Errorf("Run() = %v in %d attempts, want an error that stays as it is, in 1", err, attempts)
	}
	if f.pool.Stats().OpenConnections != 1 {
		t.Error("the connection is gone, want it kept")
	}
}
