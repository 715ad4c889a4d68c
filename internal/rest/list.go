package rest

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"entgo.io/ent/dialect/sql"

	"commitment/internal/fault"
)

// Bounds of what a client asks of a list.
const (
	maxFilters = 16
	maxValues  = 100 // of all filters together
	maxKeys    = 3   // of the order, the id apart

	maxParameters = 64
	maxErrors     = 20
)

// DefaultLimit is how many items a page has when the client doesn't say.
const DefaultLimit = 50

// The operators of filters, as they follow a field's name and a dot; none is eq.
var operators = map[string]struct {
	filter Filter
	many   bool // several values, with commas between them
	where  func(column string, values ...any) *sql.Predicate
}{
	"":         {Equality, false, one(sql.EQ)},
	"ne":       {Equality, false, one(sql.NEQ)},
	"in":       {Equality, true, sql.In},
	"not_in":   {Equality, true, sql.NotIn},
	"gt":       {Range, false, one(sql.GT)},
	"gte":      {Range, false, one(sql.GTE)},
	"lt":       {Range, false, one(sql.LT)},
	"lte":      {Range, false, one(sql.LTE)},
	"prefix":   {Prefix, false, text(sql.HasPrefix)},
	"contains": {Contains, false, text(sql.Contains)},
}

func one(p func(string, any) *sql.Predicate) func(string, ...any) *sql.Predicate {
	return func(column string, values ...any) *sql.Predicate { return p(column, values[0]) }
}

func text(p func(string, string) *sql.Predicate) func(string, ...any) *sql.Predicate {
	return func(column string, values ...any) *sql.Predicate { return p(column, fmt.Sprint(values[0])) }
}

// Operators are those that a field has, as they follow its name in a query: "" is equality.
func (f *Field) Operators() []string {
	var names []string
	for name, o := range operators {
		if f.Filter&o.filter != 0 {
			names = append(names, name)
		}
	}
	if f.Filter != 0 && f.Is(Nullable) {
		names = append(names, isNull)
	}
	slices.Sort(names)
	return names
}

// Many reports whether an operator takes several values.
func Many(operator string) bool { return operators[operator].many }

const isNull = "is_null"

// Counting says whether a list's rows are counted.
type Counting uint8

// The ways to count.
const (
	Uncounted Counting = iota
	Capped             // up to maxCount, which is quick
	Exact
)

// Key is a part of an order.
type Key struct {
	*Field
	Desc bool
}

// Query is what a client asks of a list, checked.
type Query struct {
	Limit int
	// Fields are those that are wanted. All when it is empty.
	Fields []string
	Count  Counting

	table    *Table
	deleted  bool // whether what is softly deleted is shown
	where    []condition
	order    []Key
	cursor   []any // the values of the order's keys; nil at the start
	backward bool
	scope    string
	inside   func(*sql.Selector) *sql.Predicate // the rows of a nested list; nil for all
	expand   []*expansion
}

// condition is one filter.
type condition struct {
	name, text string // as they were sent
	where      func(s *sql.Selector) *sql.Predicate
}

// ParseQuery reads the parameters of a list. All that is wrong is in the error, which
// names each parameter.
func (t *Table) ParseQuery(parameters url.Values) (*Query, error) {
	q := &Query{table: t, scope: t.Path}
	err := q.parse(parameters)
	return q, err
}

// parse reads the parameters of a list.
func (q *Query) parse(parameters url.Values) error {
	q.Limit = min(DefaultLimit, q.table.MaxLimit)
	if len(parameters) > maxParameters {
		return fault.New(fault.Invalid, "", fmt.Sprintf("there are more than %d parameters", maxParameters))
	}
	p := parser{query: q}
	names := make([]string, 0, maxParameters)
	for name := range parameters {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		p.parameter(name, parameters[name])
	}
	if q.order == nil {
		p.sort(q.table.DefaultSort)
	}
	if q.backward && parameters.Has("after") {
		p.refuse("before", "can't be given together with after")
	}
	if len(p.wrong) == 0 {
		p.checkExpanded()
	}
	if len(p.wrong) > 0 {
		return invalid(p.wrong[:min(len(p.wrong), maxErrors)]...)
	}
	return q.open(parameters.Get("after"), parameters.Get("before"))
}

// wholeItem asks for all of one entity, without its edges.
var wholeItem = &Query{Limit: 1}

// ParseItem reads the parameters of one entity.
func (t *Table) ParseItem(parameters url.Values) (*Query, error) {
	if len(parameters) == 0 {
		return wholeItem, nil
	}
	q := &Query{table: t, Limit: 1}
	p := parser{query: q}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		switch values := parameters[name]; {
		case name == "fields" && len(values) == 1:
			p.fields(values[0])
		case name == "expand" && len(values) == 1:
			p.expand(values[0])
		case len(p.wrong) < maxErrors:
			p.refuse(name, "unknown query parameter")
		}
	}
	if len(p.wrong) == 0 {
		p.checkExpanded()
	}
	if len(p.wrong) > 0 {
		return nil, invalid(p.wrong...)
	}
	return q, nil
}

// parser collects what is wrong with the parameters of a list.
type parser struct {
	query  *Query
	values int
	wrong  []fault.Field
}

func (p *parser) refuse(name, format string, a ...any) {
	const maxName = 100
	if len(name) > maxName {
		name = strings.ToValidUTF8(name[:maxName], "") + "…"
	}
	p.wrong = append(p.wrong, fault.Field{Pointer: name, Message: fmt.Sprintf(format, a...)})
}

func (p *parser) parameter(name string, values []string) {
	if len(values) != 1 {
		p.refuse(name, "must not be repeated")
		return
	}
	value := values[0]
	switch name {
	case "limit":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > p.query.table.MaxLimit || value[0] == '+' {
			p.refuse(name, "expected an integer from 1 to %d", p.query.table.MaxLimit)
		}
		p.query.Limit = n
	case "sort":
		p.sort(value)
	case "fields":
		p.fields(value)
	case "expand":
		p.expand(value)
	case "count":
		switch value {
		case "true":
			p.query.Count = Capped
		case "exact":
			p.query.Count = Exact
		default:
			p.refuse(name, "expected true or exact")
		}
	case "show_deleted":
		switch {
		case p.query.table.SoftDelete == "":
			p.refuse(name, "unknown query parameter")
		case value != "true" && value != "false":
			p.refuse(name, "expected true or false")
		}
		p.query.deleted = value == "true"
	case "after":
	case "before":
		p.query.backward = true
	default:
		p.filter(name, value)
	}
}

func (p *parser) sort(value string) {
	t := p.query.table
	p.query.order = []Key{}
	if strings.Count(value, ",") >= maxKeys {
		p.refuse("sort", "expected at most %d keys", maxKeys)
		return
	}
	var desc bool
	for name := range strings.SplitSeq(value, ",") {
		name, desc = strings.CutPrefix(name, "-")
		f := t.Field(name)
		switch {
		case f == nil || !f.Is(Sortable):
			p.refuse("sort", "can't be sorted by %.100q", name)
		case slices.ContainsFunc(p.query.order, func(k Key) bool { return k.Field == f }):
			p.refuse("sort", "has %s twice", name)
		default:
			p.query.order = append(p.query.order, Key{f, desc})
		}
	}
	if !slices.ContainsFunc(p.query.order, func(k Key) bool { return k.Field == t.ID() }) {
		p.query.order = append(p.query.order, Key{t.ID(), desc}) // as the last one, so that one index serves both ways
	}
}

func (p *parser) fields(value string) {
	p.query.Fields = nil
	for name := range strings.SplitSeq(value, ",") {
		switch f := p.query.table.Field(name); {
		case f == nil || !f.Is(Readable):
			p.refuse("fields", "there is no %.100q", name)
			return
		case slices.Contains(p.query.Fields, name):
			p.refuse("fields", "has %s twice", name)
			return
		}
		p.query.Fields = append(p.query.Fields, name)
	}
}

func (p *parser) filter(name, value string) {
	member, operator, dotted := strings.Cut(name, ".")
	f := p.query.table.Field(member)
	if f == nil || dotted && operator == "" || !slices.Contains(f.Operators(), operator) {
		p.refuse(name, "unknown query parameter")
		return
	}
	if len(p.query.where) == maxFilters {
		p.refuse(name, "expected at most %d filters", maxFilters)
		return
	}
	if operator == isNull {
		null, problem := (&Field{Kind: Bool}).parse(value)
		if problem != "" {
			p.refuse(name, "%s", problem)
		}
		p.where(name, value, func(s *sql.Selector) *sql.Predicate {
			if null == true {
				return sql.IsNull(s.C(f.Column))
			}
			return sql.NotNull(s.C(f.Column))
		})
		return
	}
	o := operators[operator]
	texts := []string{value}
	if o.many {
		texts = strings.Split(value, ",")
	}
	if p.values += len(texts); p.values > maxValues {
		p.refuse(name, "expected at most %d values in all filters", maxValues)
		return
	}
	args := make([]any, 0, len(texts))
	for _, t := range texts {
		arg, problem := f.parse(t)
		if problem != "" {
			p.refuse(name, "%s", problem)
			break
		}
		args = append(args, arg)
	}
	p.where(name, value, func(s *sql.Selector) *sql.Predicate { return o.where(s.C(f.Column), args...) })
}

func (p *parser) where(name, value string, where func(s *sql.Selector) *sql.Predicate) {
	p.query.where = append(p.query.where, condition{name, value, where})
}
