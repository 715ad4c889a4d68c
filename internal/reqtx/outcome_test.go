package reqtx_test

import (
	"context"
	"database/sql"
	"testing"

	"commitment/internal/pgtest"
	"commitment/internal/pgtx"
	"commitment/internal/postgres"
)

// TestOutcomeOfACommitWithoutAReply asks for the outcome of every kind of id in the
// documentation's table.
func TestOutcomeOfACommitWithoutAReply(t *testing.T) {
	t.Parallel()
	rows := table(t, "When COMMIT gets no reply")
	ids := startOutcomes(t)
	var statuses []string
	for status := range ids.of {
		statuses = append(statuses, status)
	}
	wantVocabulary(t, rows, "the server's timeline", []string{"the same", "another", "not known"})
	wantVocabulary(t, rows, "a crash since", []string{"no", "yes"})
	wantVocabulary(t, rows, "pg_xact_status says", statuses)
	for _, timeline := range []string{"the same", "another", "not known"} {
		for _, crash := range []string{"no", "yes"} {
			for status, id := range ids.of {
				want := firstFit(t, rows, row{"the server's timeline": timeline, "a crash since": crash, "pg_xact_status says": status})
				if got := ids.ask(t, id, timeline, crash); got != want["the outcome is"] {
					t.Errorf("timeline %s, crash %s, %s: %q, want %q", timeline, crash, status, got, want["the outcome is"])
				}
			}
		}
	}
}

// outcomes are ids of transactions, by what pg_xact_status says of them.
type outcomes struct {
	db *sql.DB
	of map[string]pgtx.XID
}

func startOutcomes(t *testing.T) outcomes {
	t.Helper()
	db, err := postgres.Open(postgres.Options{URL: pgtest.EmptyURL(t), MaxOpenConns: 4, MaxIdleConns: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	begin := func() (*pgtx.Tx, pgtx.XID) {
		conn, err := db.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		tx, err := pgtx.NewTx(conn, pgtx.TxOptions{AssignXID: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.ExecContext(t.Context(), "SELECT 1"); err != nil {
			t.Fatal(err)
		}
		id := tx.XID()
		return tx, id
	}
	end := func(how func(*pgtx.Tx, context.Context) error) pgtx.XID {
		tx, id := begin()
		if err := how(tx, t.Context()); err != nil {
			t.Fatal(err)
		}
		return id
	}
	committed := end((*pgtx.Tx).Commit)
	_, open := begin()
	return outcomes{db, map[string]pgtx.XID{
		"committed":                   committed,
		"aborted":                     end((*pgtx.Tx).Rollback),
		"in progress":                 open,
		"nothing: it is too long ago": {Value: "3", Origin: committed.Origin},
		"no such id yet":              {Value: "4000000000", Origin: committed.Origin},
	}}
}

// ask asks for the outcome of an id that was given in another part of history, in the
// table's words.
func (o outcomes) ask(t *testing.T, id pgtx.XID, timeline, crash string) string {
	t.Helper()
	switch timeline {
	case "another":
		id.Origin.Timeline = "000000FF"
	case "not known":
		id.Origin.Timeline = ""
	}
	if crash == "yes" {
		id.Origin.Recovered = "before it"
	}
	outcome, err := pgtx.AskOutcome(t.Context(), o.db, id)
	if err != nil {
		return "asked again"
	}
	return map[pgtx.Outcome]string{
		pgtx.Committed: "committed", pgtx.RolledBack: "rolled back", pgtx.Unknown: "unknown",
	}[outcome]
}
