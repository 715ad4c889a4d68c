//go:build e2e

package chaos

import (
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"commitment/internal/pgtest"
)

// TestRollout replaces a release by one that drops a field and requires another, in the
// order of docs/production.md: expand, deploy, contract. Clients send transfers to
// whichever release is serving, and no request may fail.
func TestRollout(t *testing.T) {
	t.Parallel()
	url := pgtest.OwnerURL(t)
	old := start(t, url, "DB_MAX_OPEN_CONNS=8", "DB_MAX_IDLE_CONNS=8")
	before := newLedger(t, old, url)
	fill(t, pgtest.Open(t, url), before, times(5_000, 500_000))

	c := clone(t, url)
	c.edit("ent/schema/account.go", "schemakit.Times{}", "schemakit.CreatedAt{}")
	c.edit("ent/schema/transfer.go", memoField, memoField+referenceField)
	c.generate()
	t.Logf("planned:\n%s", c.migrate(0, "diff", "references"))
	c.fillBackfill("'none'")
	c.prepend(c.planned("*_references_contract.sql"), `-- atlas:nolint DS103 reason="nobody reads it"`+"\n")
	c.migrate(0, "hash")
	t.Logf("reviewed:\n%s", c.migrate(0, "review", "--base", "main"))
	c.migrate(0, "check")
	c.edit("ent/schema/transfer.go", referenceField, referenceField+`		field.Bool("forgotten").Default(false),`+"\n")
	if out := c.migrate(1, "diff", "forgotten"); out != forgotten {
		t.Errorf("migrate diff says %q of a field that nothing was generated for, want %q", out, forgotten)
	}
	c.edit("ent/schema/transfer.go", `		field.Bool("forgotten").Default(false),`+"\n", "")
	c.build("./cmd/commitment")

	oldClients := before.startClients(t)
	oldClients.goOn()
	next := launch(t, filepath.Join(c.dir, "commitment"), url, "DB_MAX_OPEN_CONNS=8", "DB_MAX_IDLE_CONNS=8")
	next.run("NOT READY")
	after := before.servedBy(next)
	after.wantReady(http.StatusServiceUnavailable)
	t.Logf("expanded:\n%s", c.service("migrate", "apply", "--phase", "expand"))
	after.wantReady(http.StatusOK)

	newClients := after.startClients(t)
	oldClients.goOn()
	newClients.goOn()
	oldClients.end("served by the old release")
	old.stop()
	t.Logf("contracted:\n%s", c.service("migrate", "apply", "--phase", "contract"))
	newClients.goOn()
	newClients.end("served by the new release")

	if out := c.migrate(0, "status", "--drift"); strings.Contains(out, "pending") {
		t.Errorf("status = %s, want nothing pending", out)
	}
	before.audit("transfers by the old release, while the new one was rolled out")
	after.audit("transfers by the new release, while what the old one used was taken away")
}

const forgotten = `migrate: ent/schema has changed since the code was generated: run "go generate ./..."` + "\n"

// referenceField is required, and only the code knows its default.
const referenceField = `		field.String("reference").MaxRuneLen(80).SchemaType(schemakit.Varchar(80)).DefaultFunc(func() string { return "new" }),
`

// servedBy is the same ledger, with transfers sent to another program.
func (l *ledger) servedBy(p *program) *ledger {
	other := &ledger{t: l.t, p: p, db: l.db, from: l.from, to: l.to, client: l.client, told: map[string]verdict{}, answers: map[string]int{}}
	other.next.Store(1 << 40) // the memos differ
	return other
}

// clients send transfers.
type clients struct {
	*ledger
	stop  chan struct{}
	waits func() []time.Duration
}

func (l *ledger) startClients(t *testing.T) clients {
	t.Helper()
	stop := make(chan struct{})
	return clients{ledger: l, stop: stop, waits: l.keepSending(t.Context(), 2, stop)}
}

// goOn waits until more transfers have been answered.
func (l clients) goOn() {
	l.t.Helper()
	sent := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.told)
	}
	enough := sent() + times(50, 2_000)
	pgtest.WaitFor(l.t, "more transfers are answered", func() bool { return sent() >= enough })
}

func (l clients) end(title string) {
	l.t.Helper()
	close(l.stop)
	report(l.t, l.waits, title+": ")
}

// wantReady waits for a status of /readyz.
func (l *ledger) wantReady(status int) {
	l.t.Helper()
	pgtest.WaitFor(l.t, "/readyz is "+http.StatusText(status), func() bool {
		got, _, err := l.get(l.t.Context(), "/readyz")
		return err == nil && got == status
	})
}

// fillBackfill completes the statement in the file that the plan left for it.
func (c copied) fillBackfill(value string) {
	c.t.Helper()
	name := c.planned("*_backfill_contract.sql")
	content, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		c.t.Fatal(err)
	}
	head, statement, ok := strings.Cut(string(content), "-- DO $$")
	if !ok {
		c.t.Fatalf("%s has no statement:\n%s", name, content)
	}
	statement = regexp.MustCompile(`(?m)^-- ?`).ReplaceAllString("DO $$"+statement, "")
	c.write(name, head+strings.Replace(statement, "…", value, 1))
	c.migrate(0, "hash")
}

const migrations = "ent/migrate/migrations"

// planned is the path of the one migration whose name matches.
func (c copied) planned(pattern string) string {
	c.t.Helper()
	found, err := filepath.Glob(filepath.Join(c.dir, filepath.FromSlash(migrations), pattern))
	if err != nil || len(found) != 1 {
		c.t.Fatalf("files %s = %v, %v, want one", pattern, found, err)
	}
	return path.Join(migrations, filepath.Base(found[0]))
}
