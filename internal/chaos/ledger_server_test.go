package chaos

import (
	"testing"

	"commitment/internal/pgtest"
)

// holdCommits has COMMITs of transfers wait until the function that it returns is
// called.
func holdCommits(t *testing.T, url string) (release func()) {
	t.Helper()
	const id = "4711"
	db := pgtest.Open(t, url)
	if _, err := db.ExecContext(t.Context(), `
		CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN PERFORM pg_advisory_xact_lock_shared(`+id+`); RETURN NULL; END $$;
		CREATE CONSTRAINT TRIGGER held AFTER INSERT ON transfers DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION hold()`); err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "SELECT pg_advisory_lock("+id+")"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := conn.ExecContext(t.Context(), "SELECT pg_advisory_unlock("+id+")"); err != nil {
			t.Error(err)
		}
		_ = conn.Close()
	}
}
