package compat

import (
	"database/sql"
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"entgo.io/ent/schema/field"
	"github.com/google/uuid"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// textSamples are values of declared types whose Go type is a string, by the first word
// of the type.
var textSamples = map[string]string{
	"": "x", "text": "x", "varchar": "x", "character": "x", "char": "x", "bpchar": "x", "citext": "x", "name": "x",
	"inet": "127.0.0.1", "cidr": "127.0.0.0/8", "macaddr": "08:00:2b:01:02:03", "uuid": uuid.Nil.String(),
	"numeric": "1", "decimal": "1", "money": "1", "integer": "1", "int": "1", "bigint": "1", "smallint": "1",
	"date": "2000-01-01", "timestamp": "2000-01-01", "timestamptz": "2000-01-01", "time": "12:00", "interval": "1 day",
	"json": "{}", "jsonb": "{}", "xml": "<x/>", "tsvector": "x", "tsquery": "x", "ltree": "x", "boolean": "true", "bool": "true",
}

func firstWord(declared string) string {
	word, _, _ := strings.Cut(strings.ToLower(declared), "(")
	word, _, _ = strings.Cut(strings.TrimSpace(word), " ")
	return word
}

// sample is a value that the code may write, in the Go type that Ent gives to the
// driver. It is unknown for types of the project's own.
func (p *probe) sample(c Column) (value any, known bool) {
	if c.Custom {
		return nil, false
	}
	switch c.Type {
	case field.TypeBool:
		return true, true
	case field.TypeTime:
		return time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC), true
	case field.TypeUUID:
		return uuid.UUID{15: 1}, true
	case field.TypeJSON:
		return json.RawMessage("{}"), true
	case field.TypeBytes:
		return []byte("x"), true
	case field.TypeFloat32, field.TypeFloat64:
		return 1.5, true
	case field.TypeEnum:
		return p.enumSample(c), true
	case field.TypeString:
		text, known := textSamples[firstWord(c.Declared)]
		return text, known
	default:
		return int64(1), c.Type.Integer()
	}
}

// enumSample is one of the code's values that the column's type has, if there is one.
func (p *probe) enumSample(c Column) string {
	column, _ := p.table.Column(c.Name) // the zero column of a missing one has no type, so all values do
	i := slices.IndexFunc(p.schema.Others, func(o catalog.Object) bool {
		return o.Kind == catalog.KindType && quoteIfNeeded(o.Name) == column.Type
	})
	for _, value := range c.Enums {
		if i < 0 || strings.Contains(p.schema.Others[i].Definition, sqltoken.Literal(value)) {
			return value
		}
	}
	return append(c.Enums, "")[0]
}

// quoteIfNeeded quotes a name as format_type does.
func quoteIfNeeded(name string) string {
	if plainName.MatchString(name) {
		return name
	}
	return sqltoken.Quote(name)
}

var plainName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

func (p *probe) samples(columns []Column) []any {
	all := make([]any, 0, len(columns))
	for _, c := range columns {
		value, _ := p.sample(c) // NULL, then
		all = append(all, value)
	}
	return all
}

// largest is the value, among those that the code accepts, that needs most of the
// column.
func (p *probe) largest(c Column) any {
	value, known := p.sample(c)
	switch {
	case known && c.Type == field.TypeString && value == textSamples[""]:
		return p.longest(c)
	case known && c.Type.Integer():
		return largestInteger(c)
	}
	return value
}

// bounded matches the length in a type, as declared or as format_type prints it.
var bounded = regexp.MustCompile(`^(?i:varchar|character varying|character|char|bpchar)\s*\((\d+)\)$`)

// longest is one character more than the column holds, if the code accepts that.
func (p *probe) longest(c Column) string {
	column, _ := p.table.Column(c.Name)
	holds := length(column.Type)
	if holds > 0 && codeLimit(c) > holds {
		return strings.Repeat("x", holds+1)
	}
	return "x"
}

// codeLimit is the length of the longest string that the code accepts, in characters.
func codeLimit(c Column) int {
	bound := math.MaxInt
	for _, n := range []int{length(c.Declared), int(c.Size)} {
		if n > 0 {
			bound = min(bound, n)
		}
	}
	return bound
}

// length is the length of a type; 0 without a limit.
func length(declared string) int {
	found := bounded.FindStringSubmatch(declared)
	if found == nil {
		return 0
	}
	n, _ := strconv.Atoi(found[1]) // digits
	return n
}

func largestInteger(c Column) int64 {
	switch firstWord(c.Declared) {
	case "smallint", "int2", "smallserial":
		return math.MaxInt16
	case "integer", "int", "int4", "serial":
		return math.MaxInt32
	}
	switch c.Type {
	case field.TypeInt8:
		return math.MaxInt8
	case field.TypeUint8:
		return math.MaxUint8
	case field.TypeInt16:
		return math.MaxInt16
	case field.TypeUint16:
		return math.MaxUint16
	case field.TypeInt32:
		return math.MaxInt32
	case field.TypeUint32:
		return math.MaxUint32
	default:
		return math.MaxInt64
	}
}

// destinations are what Ent's generated code scans the columns into.
func destinations(columns []Column) []any {
	all := make([]any, 0, len(columns))
	for _, c := range columns {
		all = append(all, destination(c))
	}
	return all
}

func destination(c Column) any {
	switch {
	case c.Custom:
		return new(any)
	case c.Type == field.TypeBool:
		return new(sql.NullBool)
	case c.Type == field.TypeTime:
		return new(sql.NullTime)
	case c.Type == field.TypeUUID:
		return new(sql.Null[uuid.UUID])
	case c.Type == field.TypeString, c.Type == field.TypeEnum:
		return new(sql.NullString)
	case c.Type.Float():
		return new(sql.NullFloat64)
	case c.Type.Integer():
		return new(sql.NullInt64)
	}
	return new([]byte)
}
