package revert

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/migrator/review/trace"
	"commitment/internal/sqltoken"
)

// gradeAdded finds what is lost with what the file added.
func (f *finder) gradeAdded() {
	f.result.Grade = Lossless
	for _, t := range f.after.Tables {
		if !f.before.hasTable(t) {
			f.addLoss(Lossy, "table %s is dropped, with the rows inserted since", t.Name)
		}
	}
	for _, p := range f.pairs() {
		for _, c := range p.after.Columns {
			if _, old := byPosition(p.before, c.Position); !old && !c.Generated {
				f.addLoss(Lossy, "column %s of %s is dropped, with the values written since", c.Name, p.after.Name)
			}
		}
	}
	f.gradeAttributes(f.after, f.before, "attribute %s of type %s is dropped, with the values written since")
}

// gradeChanged finds what is lost because the file dropped or changed it, as far as a
// rule restores it.
func (f *finder) gradeChanged(stmts []trace.Statement) {
	for _, t := range f.before.Tables {
		if !f.after.hasTable(t) {
			f.addLoss(Lossy, "table %s is restored empty: the file drops its rows", t.Name)
		}
	}
	for _, p := range f.pairs() {
		f.gradeColumns(p)
	}
	for _, o := range f.before.Others {
		if o.Kind == catalog.KindSequence && !f.before.remains(o, f.after) {
			f.addLoss(Lossy, "sequence %s starts over: the file drops it", o.Name)
		}
	}
	f.gradeEnums()
	f.gradeAttributes(f.before, f.after, "attribute %s of type %s is restored empty: the file drops its values")
	for _, s := range stmts {
		f.gradeWrites(s)
	}
}

func (f *finder) addLoss(g Grade, format string, args ...any) {
	f.result.Grade = worse(f.result.Grade, g)
	if text := fmt.Sprintf(format, args...); !slices.Contains(f.result.Lost, text) {
		f.result.Lost = append(f.result.Lost, text)
	}
}

func worse(a, b Grade) Grade {
	order := []Grade{Lossless, Lossy, Manual, Impossible}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

func (f *finder) gradeColumns(p pair) {
	for _, c := range p.before.Columns {
		now, stays := byPosition(p.after, c.Position)
		switch {
		case !stays && !c.Generated:
			f.gradeDropped(p.before, c)
		case stays && c.Type != now.Type && !f.renamedType(c.Type, now.Type) && !widens(c.Type, now.Type):
			f.addLoss(Lossy, "column %s of %s was changed from %s to %s: what that truncated or rounded is lost", c.Name, p.before.Name, c.Type, now.Type)
		}
	}
}

// renamedType reports whether two names are of the same type.
func (f *finder) renamedType(was, is string) bool {
	return slices.ContainsFunc(f.before.entries.all, func(old entry) bool {
		now, stays := f.after.entries.of(old.object)
		return stays && old.class == "pg_type" && old.name == sqltoken.Unquote(was) && now.name == sqltoken.Unquote(is)
	})
}

func (f *finder) gradeDropped(t catalog.Table, c catalog.Column) {
	switch value, known := neutralValue(c); {
	case c.Default != "":
		f.addLoss(Lossy, "column %s of %s is restored with its default in every row: the file drops its values", c.Name, t.Name)
	case c.Identity:
		f.addLoss(Lossy, "column %s of %s is restored with new numbers: the file drops its values", c.Name, t.Name)
	case !c.NotNull:
		f.addLoss(Lossy, "column %s of %s is restored empty: the file drops its values", c.Name, t.Name)
	case known:
		f.addLoss(Lossy, "column %s of %s is restored with %s in every row: the file drops its values", c.Name, t.Name, value)
	default:
		f.addLoss(Manual, "column %s of %s can't be NULL, and no rule has a value for %s in place of those that the file drops", c.Name, t.Name, c.Type)
	}
}

// gradeWrites looks at statements that change rows. Changes to tables that the file
// creates or drops, and to columns that it adds, don't count.
func (f *finder) gradeWrites(s trace.Statement) {
	first, _, _ := strings.Cut(strings.TrimSpace(s.SQL), "\n")
	for _, w := range s.Writes {
		if w.Table == 0 {
			f.addLoss(Impossible, "a statement that ends transactions itself may change any rows: %s", first)
			continue
		}
		before, was := byOID(f.before.Tables, w.Table)
		after, stays := byOID(f.after.Tables, w.Table)
		if !was || !stays || isOwn(before, after, w.Columns) {
			continue
		}
		f.addLoss(Impossible, "the rows of %s are changed, and their old values aren't known: %s", before.Name, first)
	}
}

// isOwn reports whether the file itself added all of the columns.
func isOwn(before, after catalog.Table, columns []string) bool {
	return len(columns) > 0 && !slices.ContainsFunc(columns, func(name string) bool {
		c, known := after.Column(name)
		_, old := byPosition(before, c.Position)
		return !known || old
	})
}

// lengths matches the maximum length in a type.
var lengths = regexp.MustCompile(`^character varying(?:\((\d+)\))?$|^text$`)

// precisions matches the precision and the scale in a type.
var precisions = regexp.MustCompile(`^numeric\((\d+),(\d+)\)$`)

// widens reports whether one type holds every value of another, and PostgreSQL refuses
// to convert back what doesn't fit.
func widens(from, to string) bool {
	if order := []string{"smallint", "integer", "bigint"}; slices.Contains(order, from) {
		return slices.Index(order, to) > slices.Index(order, from)
	}
	if a, b := precisions.FindStringSubmatch(from), precisions.FindStringSubmatch(to); a != nil && b != nil {
		return a[2] == b[2] && bound(b[1]) >= bound(a[1])
	}
	a, b := lengths.FindStringSubmatch(from), lengths.FindStringSubmatch(to)
	return a != nil && b != nil && bound(b[1]) >= bound(a[1])
}

func bound(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		return int(^uint(0) >> 1) // none
	}
	return n
}

// neutralValue is a value for a column that can't be NULL.
func neutralValue(c catalog.Column) (value string, known bool) {
	kind, _, _ := strings.Cut(c.Type, "(")
	value, known = map[string]string{
		"text": "''", "character varying": "''", "character": "''", "citext": "''", "bytea": `'\x'`,
		"smallint": "0", "integer": "0", "bigint": "0", "numeric": "0", "real": "0", "double precision": "0",
		"boolean": "false", "json": "'{}'", "jsonb": "'{}'", "interval": "'0'", "date": "'epoch'",
		"timestamp with time zone": "'epoch'", "timestamp without time zone": "'epoch'",
		"uuid": "'00000000-0000-0000-0000-000000000000'",
	}[kind]
	if strings.HasSuffix(c.Type, "[]") {
		return "'{}'", true
	}
	return value, known
}
