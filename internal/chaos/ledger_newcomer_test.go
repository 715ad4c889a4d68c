//go:build e2e

package chaos

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"commitment/internal/buildtest"
	"commitment/internal/pgtest"
)

// TestNewcomer changes entities like somebody who has just cloned the project, and
// plans, reviews and applies the migration, while the previous release serves transfers
// from the same tables: no request may fail.
func TestNewcomer(t *testing.T) {
	t.Parallel()
	url := pgtest.OwnerURL(t)
	db := pgtest.Open(t, url)
	p := start(t, url)
	l := newLedger(t, p, url)

	c := clone(t, url)
	c.write("ent/schema/owner.go", firstOwner)
	c.edit("ent/schema/transfer.go", memoField, memoField+optionalFields)
	c.generate()
	c.migrate(0, "diff", "owners")
	c.migrate(0, "apply")
	c.commit("owners")
	fill(t, db, l, times(5_000, 500_000))

	c.write("ent/schema/owner.go", secondOwner)
	c.write("ent/schema/tag.go", newTag)
	c.edit("ent/schema/account.go", entriesEdge, entriesEdge+ownerEdge)
	c.edit("ent/schema/transfer.go", optionalFields, requiredFields)
	c.edit("ent/schema/transfer.go", transferImports, transferImports+`	"entgo.io/ent/schema/index"`+"\n")
	c.edit("ent/schema/transfer.go", transferEdges, uniqueReference+transferEdges)
	c.generate()
	t.Logf("planned:\n%s", c.migrate(0, "diff", "growth"))
	t.Logf("accepted: %v", c.accept("no release serves owners or asks for a reference yet"))
	t.Logf("reviewed:\n%s", c.migrate(0, "review", "--base", "main"))
	c.build("./cmd/commitment")

	stop := make(chan struct{})
	waits := l.keepSending(t.Context(), 4, stop)
	out := c.service("migrate", "apply")
	close(stop)
	report(t, waits, out)
	c.migrate(0, "check")
	l.audit("transfers while a newcomer's migrations were applied")
}

// What the newcomer writes.
const (
	memoField = `		field.String("memo").MaxRuneLen(500).SchemaType(schemakit.Varchar(500)).Default("").Immutable().
			Annotations(rest.Example("Rent")),` + "\n"
	entriesEdge = `		edge.To("entries", Entry.Type).Annotations(entsql.OnDelete(entsql.NoAction), rest.Nested()),` + "\n"

	optionalFields = `		field.String("channel").MaxRuneLen(20).SchemaType(schemakit.Varchar(20)).Optional().Nillable().Default("api"),
		field.String("reference").MaxRuneLen(80).SchemaType(schemakit.Varchar(80)).Optional().Nillable(),
`
	// The first is required now, and the second unique.
	requiredFields = `		field.String("channel").MaxRuneLen(20).SchemaType(schemakit.Varchar(20)).Default("api"),
		field.String("reference").MaxRuneLen(80).SchemaType(schemakit.Varchar(80)).Optional().Nillable(),
`
	transferImports = `	"entgo.io/ent/schema/field"
`
	uniqueReference = `// Indexes of a transfer.
func (Transfer) Indexes() []ent.Index { return []ent.Index{index.Fields("tenant_id", "reference").Unique()} }

`
	transferEdges = "// Edges of a transfer.\n"
	ownerEdge     = `		edge.To("owner", Owner.Type).Unique(),
`

	ownerHead = `package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"

	"commitment/internal/schemakit"
)

// Owner is whom accounts belong to.
type Owner struct{ ent.Schema }

// Mixin gives an owner its id.
func (Owner) Mixin() []ent.Mixin { return []ent.Mixin{schemakit.ID{}} }

// Fields of an owner.
func (Owner) Fields() []ent.Field {
	return []ent.Field{
`
	firstOwner = ownerHead + `		field.String("fullname").SchemaType(schemakit.Varchar(200)),
		field.String("nickname").SchemaType(schemakit.Varchar(200)).Optional(),
	}
}
`
	secondOwner = ownerHead + `		field.String("name").SchemaType(schemakit.Varchar(200)).Annotations(schemakit.RenamedFrom("fullname")),
	}
}
`
	newTag = `package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema/field"

	"commitment/internal/schemakit"
)

// Tag is a word that owners use.
type Tag struct{ ent.Schema }

// Mixin gives a tag its id and its time.
func (Tag) Mixin() []ent.Mixin { return []ent.Mixin{schemakit.ID{}, schemakit.CreatedAt{}} }

// Fields of a tag.
func (Tag) Fields() []ent.Field {
	return []ent.Field{field.String("word").NotEmpty().SchemaType(schemakit.Varchar(40)).Unique()}
}
`
)

// fill makes n transfers between two accounts of their own, straight in the tables.
func fill(t *testing.T, db *sql.DB, l *ledger, n int) {
	t.Helper()
	ctx := t.Context()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	for _, statement := range []string{
		"SET LOCAL session_replication_role = replica", // no triggers: the rows are right
		`INSERT INTO transfers (tenant_id, id, created_at, amount, memo)
			SELECT tenant_id, gen_random_uuid(), now(), 1, '' FROM accounts, generate_series(1, ` + fmt.Sprint(n) + `) WHERE accounts.id = '` + l.from + `'`,
		`INSERT INTO entries (tenant_id, id, created_at, amount, account_id, transfer_id)
			SELECT tenant_id, gen_random_uuid(), now(), sign, account::uuid, transfers.id
			FROM transfers, (VALUES (-1, '` + l.from + `'), (1, '` + l.to + `')) AS side (sign, account)`,
		`UPDATE accounts SET balance = (SELECT sum(amount) FROM entries WHERE account_id = accounts.id)`,
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// keepSending has clients send transfers until stop is closed, and returns how long
// each answer took. An answer other than 201 fails the test.
func (l *ledger) keepSending(ctx context.Context, clients int, stop <-chan struct{}) func() []time.Duration {
	var (
		all  sync.WaitGroup
		mu   sync.Mutex
		took []time.Duration
	)
	for range clients {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				began := time.Now()
				if v := l.transfer(ctx, ""); v != done {
					l.t.Errorf("a request while migrations were applied: told %q, want %q", v, done)
				}
				mu.Lock()
				took = append(took, time.Since(began))
				mu.Unlock()
			}
		})
	}
	return func() []time.Duration {
		all.Wait()
		slices.Sort(took)
		return took
	}
}

func report(t *testing.T, waits func() []time.Duration, out string) {
	t.Helper()
	took := waits()
	if len(took) == 0 {
		t.Fatal("no request was sent while migrations were applied")
	}
	t.Logf("applied:\n%s%d transfers meanwhile, the median in %v, the slowest in %v",
		out, len(took), took[len(took)/2].Round(time.Microsecond), took[len(took)-1].Round(time.Microsecond))
}

// copied is a copy of the project, as a git repository with one commit on main.
type copied struct {
	t        *testing.T
	dir, url string
}

func clone(t *testing.T, url string) copied {
	t.Helper()
	c := copied{t: t, dir: buildtest.Dir(t), url: url}
	for _, name := range []string{"ent", "cmd", "internal", "docs"} {
		if err := os.CopyFS(filepath.Join(c.dir, name), os.DirFS(filepath.Join("..", "..", name))); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum", "generate.go"} {
		content, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		c.write(name, string(content))
	}
	c.run("git", "init", "-q", "-b", "main")
	c.commit("the project as it was cloned")
	return c
}

func (c copied) write(path, content string) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, path), []byte(content), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// edit replaces a part of a file, which has to be there.
func (c copied) edit(path, part, by string) {
	c.t.Helper()
	content, err := os.ReadFile(filepath.Join(c.dir, path))
	if err != nil {
		c.t.Fatal(err)
	}
	if !strings.Contains(string(content), part) {
		c.t.Fatalf("%s has no %q", path, part)
	}
	c.write(path, strings.Replace(string(content), part, by, 1))
}

// generate generates the code, and builds the tool that plans from it.
func (c copied) generate() {
	c.t.Helper()
	c.run("go", "generate", "./...")
	c.build("./cmd/migrate")
}

// build builds programs. They embed the migrations.
func (c copied) build(programs ...string) {
	c.t.Helper()
	c.run("go", append([]string{"build", "-o", "."}, programs...)...)
}

func (c copied) commit(message string) {
	c.t.Helper()
	c.run("git", "add", "ent", "cmd", "internal", "docs", "go.mod", "go.sum", "generate.go")
	c.run("git", "commit", "-q", "-m", message)
}

// accept puts directives with the reason into the files in which the review finds
// errors, and returns their codes.
func (c copied) accept(reason string) []string {
	c.t.Helper()
	var r struct {
		Dir   string
		Files []struct {
			Name     string
			Findings []struct{ Code, Severity string }
		}
	}
	out := c.migrate(1, "review", "--base", "main", "--json")
	if err := json.NewDecoder(strings.NewReader(out)).Decode(&r); err != nil {
		c.t.Fatalf("read the review: %v\n%s", err, out)
	}
	var all []string
	for _, f := range r.Files {
		var codes []string
		for _, finding := range f.Findings {
			if finding.Severity == "error" {
				codes = append(codes, finding.Code)
			}
		}
		if len(codes) == 0 {
			continue
		}
		slices.Sort(codes)
		codes = slices.Compact(codes)
		c.prepend(filepath.Join(r.Dir, f.Name), fmt.Sprintf("-- atlas:nolint %s reason=%q\n", strings.Join(codes, " "), reason))
		all = append(all, codes...)
	}
	c.migrate(0, "hash")
	return all
}

// prepend puts a directive into a file's head, which ends with an empty line.
func (c copied) prepend(path, directive string) {
	c.t.Helper()
	content, err := os.ReadFile(filepath.Join(c.dir, path))
	if err != nil {
		c.t.Fatal(err)
	}
	if !strings.HasPrefix(string(content), "-- atlas:") {
		directive += "\n"
	}
	c.write(path, directive+string(content))
}

// service runs the program that was built last, which has to succeed.
func (c copied) service(args ...string) string {
	c.t.Helper()
	return c.program("commitment", 0, args...)
}

// migrate runs the development tool, and wants an exit code of it.
func (c copied) migrate(code int, args ...string) string {
	c.t.Helper()
	return c.program("migrate", code, args...)
}

func (c copied) program(name string, code int, args ...string) string {
	c.t.Helper()
	cmd := c.command(filepath.Join(c.dir, name), args...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != code {
		c.t.Fatalf("%s %s: %v, want exit code %d\n%s", name, strings.Join(args, " "), err, code, out)
	}
	return string(out)
}

func (c copied) run(name string, args ...string) {
	c.t.Helper()
	if out, err := c.command(name, args...).CombinedOutput(); err != nil {
		c.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

func (c copied) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(c.t.Context(), name, args...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "DATABASE_URL="+c.url,
		"GOFLAGS="+os.Getenv("GOFLAGS")+" -ldflags=-w", // no tables for debuggers
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull,
		"GIT_AUTHOR_NAME=newcomer", "GIT_AUTHOR_EMAIL=newcomer@example.com",
		"GIT_COMMITTER_NAME=newcomer", "GIT_COMMITTER_EMAIL=newcomer@example.com")
	return cmd
}
