package rows

import (
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// null is the SQL of no value.
const null = "NULL"

// maxTries bounds how many rows are tried against one check, and how many others against
// unique indexes.
const maxTries = 300

// row is a row to be inserted. Its values are SQL.
type row struct {
	table  *table
	seed   int // rows with different seeds have different values
	sparse bool
	fixed  map[string]string // values of foreign keys, and those that a check demanded
	same   map[string]string // columns with the value of another
	needed []string          // columns that even a sparse row must have
	tries  map[string]int    // by the constraint that refused the row
	check  *pgconn.PgError   // the violated check for which values are tried
}

func newRow(t *table, seed int, sparse bool) *row {
	return &row{table: t, seed: seed, sparse: sparse, fixed: map[string]string{}, same: map[string]string{}, tries: map[string]int{}}
}

// statement is the INSERT.
func (r *row) statement() string {
	var names, values []string
	for _, c := range r.table.Columns {
		if value := r.value(c); value != "" {
			names, values = append(names, c.Name), append(values, value)
		}
	}
	if len(names) == 0 {
		return "INSERT INTO " + sqltoken.Quote(r.table.Name) + " DEFAULT VALUES"
	}
	return "INSERT INTO " + sqltoken.Quote(r.table.Name) + " (" + sqltoken.Quote(names...) + ") VALUES (" + strings.Join(values, ", ") + ")"
}

// value is the value of a column; empty for its default.
func (r *row) value(c catalog.Column) string {
	if other, ok := r.same[c.Name]; ok {
		c, _ = r.table.Column(other)
	}
	fixed, ok := r.fixed[c.Name]
	switch {
	case c.Generated, c.Identity:
		return ""
	case ok:
		return fixed
	case strings.HasPrefix(c.Default, "nextval("):
		return ""
	case r.sparse && (!c.NotNull || c.Default != "") && !slices.Contains(r.needed, c.Name):
		return ""
	}
	return r.table.types[c.Name].value(r.seed)
}

// adapt changes the row after PostgreSQL refused it, and reports whether it did.
func (r *row) adapt(refused *pgconn.PgError) bool {
	if invalid := refused.Code[:2] == "22"; invalid && r.check != nil {
		return r.satisfy(r.check) // the last value to try doesn't suit the type
	}
	const uniqueViolation, exclusionViolation, notNullViolation, checkViolation = "23505", "23P01", "23502", "23514"
	switch refused.Code {
	case notNullViolation, checkViolation:
		if refused.Code == checkViolation || refused.DataTypeName != "" { // a domain can be NOT NULL
			return r.satisfy(refused)
		}
		return r.require(refused.ColumnName)
	case uniqueViolation, exclusionViolation:
		r.tries[refused.ConstraintName]++
		r.seed += perTable
		return r.tries[refused.ConstraintName] < maxTries/10
	}
	return false
}

// require gives a column a value that it could do without, as far as the catalog says.
func (r *row) require(column string) bool {
	if fixed, ok := r.fixed[column]; column == "" || slices.Contains(r.needed, column) || ok && fixed != null {
		return false
	}
	delete(r.fixed, column)
	r.needed = append(r.needed, column)
	return true
}

// satisfy tries the next values for the columns of a check.
func (r *row) satisfy(refused *pgconn.PgError) bool {
	r.check = refused
	columns, rule := r.checked(refused)
	try := r.tries[rule]
	r.tries[rule]++
	if len(columns) == 0 || try >= maxTries {
		return false
	}
	for _, name := range columns {
		pool := r.pool(name, rule)
		r.fixed[name] = pool[try%len(pool)]
		try /= len(pool)
	}
	return try == 0
}

// checked are the columns that a violated check is about, and what it demands: that of
// the table, of a domain, or that the row belongs to a partition.
func (r *row) checked(refused *pgconn.PgError) (columns []string, rule string) {
	for _, c := range r.table.Constraints {
		if c.Name == refused.ConstraintName && refused.ConstraintName != "" {
			return r.own(c.Columns), c.Definition
		}
	}
	if refused.DataTypeName != "" {
		for _, name := range slices.Sorted(maps.Keys(r.table.types)) {
			if r.table.types[name].domain == refused.DataTypeName {
				columns, rule = append(columns, name), r.table.types[name].checks
			}
		}
		return columns, rule
	}
	for _, c := range r.table.Columns {
		if slices.ContainsFunc(slices.Collect(sqltoken.All(r.table.key)), func(t sqltoken.Token) bool { return t.IsName() && t.Name() == c.Name }) {
			columns = append(columns, c.Name)
		}
	}
	return columns, r.table.Options
}

// own leaves out the columns whose values are those of other rows, unless all are.
func (r *row) own(columns []string) []string {
	var own []string
	for _, name := range columns {
		if !slices.ContainsFunc(r.table.foreignKeys(), func(c catalog.Constraint) bool { return slices.Contains(c.Columns, name) }) {
			own = append(own, name)
		}
	}
	if len(own) == 0 {
		return columns
	}
	return own
}

// pool are the values to try for a column against a rule.
func (r *row) pool(column, rule string) []string {
	c, _ := r.table.Column(column)
	t := r.table.types[column]
	pool := append([]string{t.value(r.seed)}, t.fromRule(rule)...)
	if !c.NotNull {
		pool = append(pool, null)
	}
	pool = append(pool, t.usual(r.seed)...)
	return unique(pool)
}

func unique(all []string) []string {
	var kept []string
	for _, s := range all {
		if !slices.Contains(kept, s) {
			kept = append(kept, s)
		}
	}
	return kept
}
