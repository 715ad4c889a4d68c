package report_test

import (
	"errors"
	"strings"
	"time"

	"commitment/internal/migration"
	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/plan"
	"commitment/internal/migrator/review"
	"commitment/internal/migrator/review/compat"
	"commitment/internal/migrator/review/hazard"
	"commitment/internal/migrator/review/revert"
	"commitment/internal/migrator/review/trace"
)

const (
	indexFile  = "20261201000000_product_name.sql"
	ownerFile  = "20261202000000_product_owner.sql"
	hiddenFile = "20261203000000_<script>.sql"
)

// sample is a review that found something of every kind.
func sample() review.Report {
	return review.Report{
		Dir:        "ent/migrate/migrations",
		Base:       "main",
		Server:     "PostgreSQL 17.10",
		Source:     "https://github.com/acme/app/blob/3f2a/",
		StatsTaken: time.Date(2026, 11, 20, 8, 30, 0, 0, time.UTC),
		Findings: []hazard.Finding{{
			Code: "CM901", Severity: hazard.Error, Evidence: hazard.Inferred,
			Title:  "20261201000000_product_name.sql is older than the newest file of main",
			Reason: "A database that has applied main's newest file refuses it, or skips it.",
			Advice: "Run \"go run ./cmd/migrate rebase\".",
		}},
		Files:   []review.File{sampleIndex(), sampleOwner(), sampleFailure()},
		Before:  schemaBefore(),
		After:   schemaAfter(),
		Changes: sampleChanges(),
	}
}

func sampleIndex() review.File {
	index := `CREATE INDEX "products_name" ON "products" ("name");`
	return review.File{
		Name: indexFile, Phase: migration.Expand, Transaction: true,
		Statements: []trace.Statement{{
			File: indexFile, Line: 2, SQL: index, Transaction: true,
			Locks: []trace.Lock{{Relation: "products", Mode: "SHARE"}, {Relation: "products_name", Index: true, Mode: "ACCESS EXCLUSIVE", New: true}},
			Scans: []string{"products"},
		}},
		Findings: []hazard.Finding{{
			Code: "PG101", Severity: hazard.Error, Evidence: hazard.Measured, File: indexFile, Line: 2, Table: "products",
			Title:    "writes to products are blocked while index products_name is built",
			Reason:   "CREATE INDEX reads the whole table, and every INSERT, UPDATE and DELETE waits until it is done.",
			Lock:     "SHARE on products",
			Estimate: "about 4 min, 38 GB",
			Advice:   "Build it CONCURRENTLY, in a file of its own without a transaction.",
			Fix:      []plan.Step{{SQL: `CREATE INDEX CONCURRENTLY "products_name" ON "products" ("name")`, Comment: "Built while others write; can't run in a transaction", Alone: true}},
			Docs:     "docs/codes/PG101.md",
		}},
		Blocking: review.Blocking{
			Wait:   review.Wait{Work: 1, Duration: 4 * time.Minute, Known: true},
			Tables: []review.BlockedTable{{Table: "products", Wait: review.Wait{Work: 1, Duration: 4 * time.Minute, Known: true}}},
		},
		Compat: &compat.Verdict{Order: compat.Either},
		Revert: revert.Plan{Grade: revert.Lossless, Statements: []string{`DROP INDEX "products_name"`}, Replayed: true},
	}
}

func sampleOwner() review.File {
	products := trace.Lock{Relation: "products", Mode: "ACCESS EXCLUSIVE"}
	return review.File{
		Name: ownerFile, Phase: migration.Expand, Transaction: true,
		Statements: []trace.Statement{
			{
				File: ownerFile, Line: 3, SQL: `ALTER TABLE "products" ADD COLUMN "owner_id" uuid NULL, DROP COLUMN "note";`, Transaction: true,
				Locks: []trace.Lock{products},
			},
			{
				File: ownerFile, Line: 5, SQL: "ALTER TABLE \"products\"\n  ADD CONSTRAINT \"products_owners\" FOREIGN KEY (\"owner_id\") REFERENCES \"owners\" (\"id\");", Transaction: true,
				Held:  []trace.Lock{products},
				Locks: []trace.Lock{{Relation: "owners", Mode: "SHARE ROW EXCLUSIVE"}},
				Scans: []string{"products", "owners"},
			},
			{
				File: ownerFile, Line: 9, SQL: `ALTER TABLE "products" ALTER COLUMN "balance" TYPE numeric(20,4) USING ` + strings.Repeat(`round("balance"::numeric, 4) + `, 12) + "0;", Transaction: true,
				Before:   schemaBefore(),
				Held:     []trace.Lock{products, {Relation: "owners", Mode: "SHARE ROW EXCLUSIVE"}},
				Locks:    []trace.Lock{{Relation: "products_pkey", Index: true, Mode: "ACCESS EXCLUSIVE"}},
				Rewrites: []string{"products", "products_pkey", "products_name_key"},
			},
		},
		Findings: []hazard.Finding{
			{
				Code: "PG306", Severity: hazard.Warning, Evidence: hazard.Measured, File: ownerFile, Line: 5, Table: "products", Lock: "SHARE ROW EXCLUSIVE on owners",
				Title:  "writes to products and owners are blocked while products_owners is checked",
				Reason: "Every row is looked up in the other table under a lock on both.",
				Advice: "Add it NOT VALID, which is instant, and VALIDATE it in a later file.",
				Docs:   "docs/codes/PG306.md",
				Fix: []plan.Step{
					{SQL: `ALTER TABLE "products" ADD CONSTRAINT "products_owners" FOREIGN KEY ("owner_id") REFERENCES "owners" ("id") NOT VALID;`, Comment: "Enforce for new rows now; existing rows are validated in a later file"},
					{SQL: `ALTER TABLE "products" VALIDATE CONSTRAINT "products_owners";`, Comment: "Check the existing rows. Reads and writes go on", Apart: true},
				},
			},
			{
				Code: "CM170", Severity: hazard.Error, Evidence: hazard.Measured, File: ownerFile, Line: 5, Table: "products", Lock: "ACCESS EXCLUSIVE on products", HeldSince: 3,
				Title:  "line 3 holds ACCESS EXCLUSIVE on products while this scans products, owners",
				Reason: "Locks are held until the end of the transaction: reads and writes of products are blocked for as long as that takes.",
				Advice: "Move it to a later file.",
				Docs:   "docs/codes/CM170.md",
				Fix:    []plan.Step{{SQL: "ALTER TABLE \"products\"\n  ADD CONSTRAINT \"products_owners\" FOREIGN KEY (\"owner_id\") REFERENCES \"owners\" (\"id\")", Apart: true}},
			},
			{
				Code: "DS103", Severity: hazard.Error, Evidence: hazard.Measured, File: ownerFile, Line: 3, Table: "products",
				Title: "the values of note in products are lost", Reason: "Only a backup has the values.", Docs: "docs/codes/DS103.md",
				Suppressed: "nobody has read it since version 3, `see` #12 by @dba | until=2027-01-01",
			},
			{
				Code: "CM310", Severity: hazard.Note, Evidence: hazard.Inferred, File: ownerFile,
				Title: "prepared statements on products fail once in each session", Reason: "The type of a result has changed.",
			},
		},
		Blocking: review.Blocking{
			Wait: review.Wait{Work: 2},
			Tables: []review.BlockedTable{
				{Table: "products", Reads: true, Wait: review.Wait{Work: 2}},
				{Table: "owners", Wait: review.Wait{Work: 2}},
			},
		},
		Compat: &compat.Verdict{Order: compat.TwoReleases, Breaks: []compat.Break{
			{Release: "old", Schema: "after", Entity: "Product", Operation: "read", SQL: `SELECT "id", "note" FROM "products"`, Error: `column "note" does not exist (SQLSTATE 42703)`},
			{Release: "old", Schema: "after", Entity: "Product", Operation: "insert", SQL: `INSERT INTO "products" ("id", "note") VALUES ($1, $2)`, Error: `column "note" does not exist (SQLSTATE 42703)`},
			{Release: "new", Schema: "before", Entity: "Product", Operation: "insert", SQL: `INSERT INTO "products" ("id", "owner_id") VALUES ($1, $2)`, Error: `column "owner_id" does not exist (SQLSTATE 42703)`},
		}},
		Revert: revert.Plan{
			Grade:      revert.Lossy,
			Statements: []string{`ALTER TABLE "products" DROP COLUMN "owner_id"`, `ALTER TABLE "products" ADD COLUMN "note" text NULL;`},
			Lost:       []string{"The values of products.note."},
		},
	}
}

func sampleFailure() review.File {
	return review.File{
		Name: hiddenFile, Phase: migration.Expand,
		Statements: []trace.Statement{{
			File: hiddenFile, Line: 1, SQL: "DROP TABLE \"</script><script>alert('größer|``\x1b[31m\u202e帳戶')</script>\";",
			Err: errors.New("ERROR: table \"</script>\x1b]0;title\x07\" does not exist\n::error::not a command (SQLSTATE 42P01)"),
		}},
		Findings: []hazard.Finding{{
			Code: "CM100", Severity: hazard.Error, Evidence: hazard.Measured, File: hiddenFile, Line: 1, Table: "</script>",
			Title:  "the statement fails: table \"</script>\x1b]0;title\x07\" does not exist",
			Reason: "PostgreSQL refuses it: 100%, and so it would in production.\n::error::not a command",
			Docs:   "docs/codes/\"><script>alert(1)</script>).md",
		}},
		Revert: revert.Plan{Grade: revert.Impossible, Lost: []string{"Every row of 帳戶."}},
	}
}

func schemaBefore() catalog.Schema {
	return catalog.Schema{Name: "public", Tables: []catalog.Table{
		productsBefore(), currencies(), entries(),
		{Name: "unrelated", Columns: []catalog.Column{{Name: "id", Position: 1, Type: "bigint"}}},
	}}
}

func schemaAfter() catalog.Schema {
	products := productsBefore()
	products.Columns = []catalog.Column{
		products.Columns[0], products.Columns[1], products.Columns[2],
		{Name: "balance", Position: 4, Type: "numeric(20,4)", NotNull: true},
		{Name: "owner_id", Position: 6, Type: "uuid"},
	}
	products.Constraints = append(products.Constraints, foreignKey("products_owners", "owner_id", "owners"))
	return catalog.Schema{Name: "public", Tables: []catalog.Table{
		products, currencies(), entries(),
		{
			Name: "owners", Columns: []catalog.Column{
				{Name: "id", Position: 1, Type: "uuid", NotNull: true},
				{Name: "full|name", Position: 2, Type: "character varying(200)", NotNull: true},
				{Name: "<b>größe</b>", Position: 3, Type: "timestamp with time zone"},
			},
			Constraints: []catalog.Constraint{primaryKey("owners_pkey")},
		},
		{Name: "unrelated", Columns: []catalog.Column{{Name: "id", Position: 1, Type: "bigint"}}},
	}}
}

func productsBefore() catalog.Table {
	return catalog.Table{
		Name: "products",
		Columns: []catalog.Column{
			{Name: "id", Position: 1, Type: "uuid", NotNull: true},
			{Name: "name", Position: 2, Type: "character varying(200)", NotNull: true},
			{Name: "currency", Position: 3, Type: "character varying(3)", NotNull: true},
			{Name: "balance", Position: 4, Type: "bigint", NotNull: true},
			{Name: "note", Position: 5, Type: "text"},
		},
		Indexes:     []catalog.Index{{Name: "products_pkey", Constraint: "products_pkey"}},
		Constraints: []catalog.Constraint{primaryKey("products_pkey"), foreignKey("products_currencies", "currency", "currencies")},
	}
}

func currencies() catalog.Table {
	return catalog.Table{
		Name:        "currencies",
		Columns:     []catalog.Column{{Name: "id", Position: 1, Type: "character varying(3)", NotNull: true}, {Name: "digits", Position: 2, Type: "smallint"}},
		Constraints: []catalog.Constraint{primaryKey("currencies_pkey")},
	}
}

func entries() catalog.Table {
	return catalog.Table{
		Name: "entries",
		Columns: []catalog.Column{
			{Name: "id", Position: 1, Type: "uuid", NotNull: true},
			{Name: "product_id", Position: 2, Type: "uuid", NotNull: true},
			{Name: "corrects", Position: 3, Type: "uuid"},
			{Name: "amount", Position: 4, Type: "bigint", NotNull: true},
		},
		Constraints: []catalog.Constraint{
			primaryKey("entries_pkey"), foreignKey("entries_products", "product_id", "products"), foreignKey("entries_corrects", "corrects", "entries"),
		},
	}
}

func primaryKey(name string) catalog.Constraint {
	return catalog.Constraint{Name: name, Type: catalog.PrimaryKey, Definition: "PRIMARY KEY (id)", Valid: true, Columns: []string{"id"}}
}

func foreignKey(name, column, table string) catalog.Constraint {
	return catalog.Constraint{
		Name: name, Type: catalog.ForeignKey, Valid: true, Definition: "FOREIGN KEY (" + column + ") REFERENCES " + table + "(id)",
		Columns: []string{column}, References: table, RefColumns: []string{"id"},
	}
}

func sampleChanges() []catalog.Change {
	return []catalog.Change{
		{Kind: catalog.KindColumn, Table: "products", Name: "balance", Before: "bigint NOT NULL", After: "numeric(20,4) NOT NULL"},
		{Kind: catalog.KindColumn, Table: "products", Name: "note", Before: "text"},
		{Kind: catalog.KindColumn, Table: "products", Name: "owner_id", After: "uuid"},
		{Kind: catalog.KindConstraint, Table: "products", Name: "products_owners", After: "FOREIGN KEY (owner_id) REFERENCES owners(id)"},
		{Kind: catalog.KindIndex, Table: "products", Name: "products_name", After: "CREATE INDEX products_name ON products USING btree (name)"},
		{Kind: catalog.KindTable, Name: "owners", After: "TABLE"},
		{Kind: catalog.KindColumn, Table: "owners", Name: "id", After: "uuid NOT NULL"},
		{Kind: catalog.KindColumn, Table: "owners", Name: "full|name", After: "character varying(200) NOT NULL"},
		{Kind: catalog.KindColumn, Table: "owners", Name: "<b>größe</b>", After: "timestamp with time zone"},
		{Kind: catalog.KindFunction, Name: "check_owner()", After: "CREATE FUNCTION check_owner() RETURNS trigger\nLANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$"},
	}
}

// empty is a review without anything to look at, and clean one that found nothing.
func empty() review.Report {
	return review.Report{Dir: "ent/migrate/migrations", Base: "main", Server: "PostgreSQL 15.18"}
}

func harmless() review.Report {
	f := sampleIndex()
	f.Findings, f.Blocking = nil, review.Blocking{Wait: review.Wait{Known: true}}
	f.Statements[0].Locks, f.Statements[0].Scans = nil, nil
	r := empty()
	r.Files = []review.File{f}
	return r
}
