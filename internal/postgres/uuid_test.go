package postgres_test

import (
	"database/sql"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"commitment/internal/pgtest"
)

// TestAUUIDIsSentAsPgxWouldSendIt compares rows and errors with those of plain stdlib.
func TestAUUIDIsSentAsPgxWouldSendIt(t *testing.T) {
	t.Parallel()
	id := uuid.MustParse("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			url := modeURL(t, mode)
			ours := openURL(t, url)
			plain, err := sql.Open("pgx", url)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = plain.Close() })
			for _, kind := range []string{"uuid", "text", "varchar", "bytea", "jsonb", "int8", "uuid[]", "text[]"} {
				for _, arg := range []any{
					id, &id, (*uuid.UUID)(nil), uuid.NullUUID{UUID: id, Valid: true}, uuid.NullUUID{},
					[]uuid.UUID{id, {}}, []*uuid.UUID{&id, nil}, uuid.UUIDs{id},
				} {
					query := "SELECT $1::" + kind
					want := pgtest.Transcript(t.Context(), plain, query, []any{arg})
					got := pgtest.Transcript(t.Context(), ours, query, []any{arg})
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("%s with a %T (-plain +ours):\n%s", query, arg, diff)
					}
				}
			}
		})
	}
}

func TestBytesOfAUUID(t *testing.T) {
	t.Parallel()
	id := uuid.MustParse("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")
	for _, mode := range modes {
		db := openMode(t, mode)
		for _, bytes := range [][]byte{id[:], []byte(id.String())} {
			if got := pgtest.Value[uuid.UUID](t, db, "SELECT $1::uuid", custom[[]byte]{bytes}); got != id {
				t.Errorf("%s: %q arrives as %v, want %v", mode, bytes, got, id)
			}
		}
		for _, bytes := range []string{"", "a0eebc99", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", id.String() + "1"} {
			var got sql.NullString
			if err := db.QueryRowContext(t.Context(), "SELECT $1::uuid", custom[[]byte]{[]byte(bytes)}).Scan(&got); err == nil {
				t.Errorf("%s: %q arrives as %v, want an error", mode, bytes, got)
			}
		}
	}
}
