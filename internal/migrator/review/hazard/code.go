package hazard

// Code is what a finding can be about.
type Code struct {
	Code string `json:"code"`
	// Title is what the code stands for, without a case.
	Title string `json:"title"`
	// Docs is the page of PostgreSQL's manual.
	Docs string `json:"docs"`
}

const manual = "https://www.postgresql.org/docs/current/"

// The pages of the manual that codes share.
const (
	alterTable  = manual + "sql-altertable.html"
	createIndex = manual + "sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY"
	locking     = manual + "explicit-locking.html#LOCKING-TABLES"
	partitions  = manual + "ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE"
	timeouts    = manual + "runtime-config-client.html#GUC-LOCK-TIMEOUT"
)

// codes are sorted: Atlas's first, each kind together, then ours.
var codes = []Code{
	{"BC101", "a table is renamed", alterTable},
	{"BC102", "a column is renamed", alterTable},
	{"CD101", "a foreign key is dropped", alterTable},
	{"DS101", "a schema is dropped", manual + "sql-dropschema.html"},
	{"DS102", "a table is dropped", manual + "sql-droptable.html"},
	{"DS103", "a column is dropped", alterTable},
	{"MF101", "a unique index or constraint is added, which duplicates make fail", createIndex},
	{"MF103", "a column is added that is NOT NULL and has no default", alterTable},
	{"MF104", "a column becomes NOT NULL", alterTable},
	{"PG101", "an index is built while nobody may write", createIndex},
	{"PG102", "an index is dropped while nobody may use the table", manual + "sql-dropindex.html"},
	{"PG103", "a statement that can't be in a transaction stands in one", createIndex},
	{"PG104", "a primary key's index is built while nobody may use the table", alterTable},
	{"PG105", "a unique constraint's index is built while nobody may use the table", alterTable},
	{"PG301", "a change of type rewrites the table", alterTable},
	{"PG302", "a default that differs from row to row rewrites the table", alterTable},
	{"PG303", "SET NOT NULL scans the table while nobody may use it", alterTable},
	{"PG304", "a primary key is added on columns that may be NULL", alterTable},
	{"PG305", "a CHECK scans the table while nobody may use it", alterTable},
	{"PG306", "a foreign key scans both tables while nobody may write them", alterTable},

	{"CM101", "IF NOT EXISTS passes over an invalid index", createIndex},
	{"CM102", "a timeout is set before a statement that waits for others", timeouts},
	{"CM103", "a file without a transaction has several statements", createIndex},
	{"CM104", "an index is rebuilt while nobody may write", manual + "sql-reindex.html"},
	{"CM105", "an index is built on all partitions while nobody may write", partitions},
	{"CM121", "a serial or identity column rewrites the table", alterTable},
	{"CM122", "a stored generated column rewrites the table", manual + "ddl-generated-columns.html"},
	{"CM123", "a new column's CHECK scans the table while nobody may use it", alterTable},
	{"CM124", "a new column's foreign key locks the table it points to", alterTable},
	{"CM126", "a change of type rebuilds indexes or scans the table", alterTable},
	{"CM127", "a change of type ends cached plans", manual + "sql-prepare.html"},
	{"CM128", "a column may be NULL from now on", alterTable},
	{"CM131", "a value of an enum is renamed", manual + "sql-altertype.html"},
	{"CM132", "a new value of an enum is used in the transaction that adds it", manual + "sql-altertype.html"},
	{"CM141", "a constraint is validated under a lock that stops others", alterTable},
	{"CM142", "an EXCLUDE constraint is built while nobody may use the table", alterTable},
	{"CM143", "a foreign key has no index", manual + "ddl-constraints.html#DDL-CONSTRAINTS-FK"},
	{"CM144", "a domain's new condition scans every table that uses it", manual + "sql-alterdomain.html"},
	{"CM160", "making a partition locks the table that it is a part of", partitions},
	{"CM161", "dropping a table locks the tables that it refers to", manual + "sql-droptable.html"},
	{"CM162", "a new table's foreign key locks the table that it points to", locking},
	{"CM163", "a table is written anew while nobody may use it", manual + "sql-cluster.html"},
	{"CM164", "a table is emptied", manual + "sql-truncate.html"},
	{"CM165", "attaching a partition scans it", partitions},
	{"CM166", "detaching a partition locks the table", partitions},
	{"CM167", "a materialized view is refreshed while nobody may read it", manual + "sql-refreshmaterializedview.html"},
	{"CM168", "a trigger's change locks the table", manual + "sql-createtrigger.html"},
	{"CM169", "row-level security is switched", manual + "ddl-rowsecurity.html"},
	{"CM170", "a strong lock is held while something long runs", locking},
	{"CM171", "a table is gone through more than once", alterTable},
	{"CM172", "a transaction locks several tables", manual + "explicit-locking.html#LOCKING-DEADLOCKS"},
	{"CM181", "rows are written in a transaction that locks tables", locking},
	{"CM182", "many rows are written in one transaction", manual + "sql-update.html"},
	{"CM191", "a column is json", manual + "datatype-json.html"},
	{"CM192", "a key can run out of numbers", manual + "datatype-numeric.html"},
	{"CM193", "a timestamp has no time zone", manual + "datatype-datetime.html"},
	{"CM194", "a column is padded with blanks", manual + "datatype-character.html"},
	{"CM195", "a column is serial", manual + "ddl-identity-columns.html"},
	{"CM196", "a name is cut to 63 bytes", manual + "sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS"},
	{"CM201", "search_path is set", manual + "ddl-schemas.html#DDL-SCHEMAS-PATH"},
	{"CM202", "a file begins or ends transactions itself", manual + "sql-begin.html"},
}

// Codes returns every code that a finding of [Find] can have, in the order in which
// people list them.
func Codes() []Code { return append([]Code(nil), codes...) }

func docs(code string) string {
	for _, c := range codes {
		if c.Code == code {
			return c.Docs
		}
	}
	return ""
}
