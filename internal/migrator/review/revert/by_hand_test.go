package revert_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/migration"
	"commitment/internal/migrator/migratortest"
	"commitment/internal/migrator/review/revert"
)

// folder is a directory on disk with the files and their sums.
func folder(t *testing.T, files map[string]string) *migrate.LocalDir {
	t.Helper()
	dir, err := migrate.NewLocalDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		path := filepath.Join(dir.Path(), name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := dir.Checksum()
	if err != nil {
		t.Fatal(err)
	}
	if err := migrate.WriteSumFile(dir, sum); err != nil {
		t.Fatal(err)
	}
	return dir
}

// cents changes rows so that no rule knows what they held.
const (
	priced = `CREATE TABLE items (id int PRIMARY KEY, price int NOT NULL)`
	cents  = `UPDATE items SET price = price * 100`
)

func TestByHandWins(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"1_a.sql": priced, "2_b.sql": cents, "down/2_b.sql": "UPDATE items SET price = price / 100;\n"})
	all, err := dir.Files()
	if err != nil || len(all) != 2 {
		t.Fatalf("migrations = %d, %v, want the two that aren't in the folder down", len(all), err)
	}
	if err := migration.Validate(dir); err != nil {
		t.Fatal(err)
	}
	db := applied(t, dir)
	exec(t, db, "INSERT INTO items VALUES (1, 500)")
	got, err := revert.Down(t.Context(), db, migratortest.Server(t), dir, revert.DownOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p := got[0].Revert
	if p.ByHand != "down/2_b.sql" || p.Grade != revert.Lossless || !p.Replayed || !p.OnRows || !got[0].Done {
		t.Errorf("revert = %+v, want it lossless, by hand and tried", p)
	}
	var price int
	if err := db.QueryRowContext(t.Context(), "SELECT price FROM items").Scan(&price); err != nil || price != 5 {
		t.Errorf("price = %d, %v, want 5", price, err)
	}
}

func TestByHandIsTried(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, file, down string
		grade            revert.Grade
		lost             string
	}{
		{"and leaves another schema", `ALTER TABLE items ADD note text`, `ALTER TABLE items RENAME note TO old`, revert.Manual, "column old of items"},
		{"and is refused", cents, `UPDATE goods SET price = 1`, revert.Manual, `relation "goods" does not exist`},
		{"and can't be read", cents, "-- atlas:txmode some\n\nSELECT 1", revert.Manual, `unknown txmode "some"`},
		{"and leaves other rows", cents, `UPDATE items SET price = price / 10`, revert.Lossy, "items has the row"},
		{"and loses what was written since", `ALTER TABLE items ADD note text`, `ALTER TABLE items DROP note`, revert.Lossy, "column note of items is dropped"},
		{"outside of a transaction", `CREATE INDEX by_price ON items (price)`, "-- atlas:txmode none\n\nDROP INDEX CONCURRENTLY by_price", revert.Lossless, ""},
		{"where no rule finds the statements", `CREATE PUBLICATION p FOR TABLE items`, `DROP PUBLICATION p`, revert.Lossless, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t, map[string]string{"1_a.sql": priced, "2_b.sql": tt.file, "down/2_b.sql": tt.down})
			got, _ := revert.Down(t.Context(), applied(t, dir), migratortest.Server(t), dir, revert.DownOptions{DryRun: true})
			p := got[0].Revert
			if lost := strings.Join(p.Lost, "; "); p.Grade != tt.grade || p.ByHand == "" || !strings.Contains(lost, tt.lost) || tt.lost == "" && lost != "" {
				t.Errorf("revert = %+v, want %s: %s", p, tt.grade, tt.lost)
			}
		})
	}
}

func TestByHandOfAPair(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"1_a.up.sql": priced, "1_a.down.sql": "DROP TABLE items", "2_b.down.sql": "-- nothing\n"})
	f, err := revert.ByHand(dir, file("1_a.up.sql", ""))
	if err != nil || f == nil || string(f.Bytes()) != "DROP TABLE items" {
		t.Errorf("by hand = %v, %v, want the other half of the pair", f, err)
	}
	for _, name := range []string{"2_b.sql", "2_b.up.sql"} {
		if f, err := revert.ByHand(dir, file(name, "")); f != nil || err != nil {
			t.Errorf("by hand of %s = %v, %v, want none", name, f, err)
		}
	}
	if name := migration.RevertName("sql/V1.2__a.sql"); name != "sql/U1.2__a.sql" {
		t.Errorf("name = %s, want Flyway's undo migration", name)
	}
}

// In Atlas's directory a pair's other half would be a migration.
func TestARevertIsNoMigration(t *testing.T) {
	t.Parallel()
	err := migration.CheckRunnable(file("1_a.down.sql", "DROP TABLE items"))
	if err == nil || !strings.Contains(err.Error(), "move a revert to the folder down") {
		t.Errorf("error = %v, want one that says where it belongs", err)
	}
}

// What the statements block and the rows on which they fail is found as for a file.
func TestFindReviewsTheStatements(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		file string
		want []string // codes, with the number of the statement
	}{
		{`CREATE INDEX i ON items (price)`, nil},
		{`ALTER TABLE items ADD note text`, nil},
		{`ALTER TABLE days DETACH PARTITION days_1`, []string{"2 CM146"}},
		{`ALTER TABLE items DROP CONSTRAINT items_pkey, DROP CONSTRAINT dear`, []string{"1 MF101", "3 CM146"}},
		{`ALTER TABLE items ALTER price TYPE bigint`, []string{"1 PG301", "1 CM125"}},
		{`ALTER TABLE items ALTER price DROP NOT NULL`, []string{"2 CM146"}},
	} {
		const before = priced + `; ALTER TABLE items ADD CONSTRAINT dear CHECK (price > 0); CREATE TABLE days (day date) PARTITION BY RANGE (day);
			CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')`
		dir := folder(t, map[string]string{"1_a.sql": before, "2_b.sql": tt.file})
		got, err := revert.Down(t.Context(), applied(t, dir), migratortest.Server(t), dir, revert.DownOptions{DryRun: true})
		if err != nil {
			t.Fatal(err)
		}
		var codes []string
		for _, f := range got[0].Revert.Findings {
			codes = append(codes, string(rune('0'+f.Statement))+" "+f.Code)
		}
		if diff := cmp.Diff(tt.want, codes); diff != "" || got[0].Revert.OnRows != (tt.want != nil) {
			t.Errorf("%s: findings, on rows %t (-want +got):\n%s", tt.file, got[0].Revert.OnRows, diff)
		}
	}
}
