// Package resttest has a table of as many rows as one wants, and a resource of it that is
// sorted in every way in which pages differ: by a key in one direction, by keys in two, and
// by one that can be null. Tests and benchmarks of pages use it.
package resttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/jackc/pgx/v5"

	"commitment/internal/rest"
)

// Orders are the orders of the table's lists, each of which an index carries.
var Orders = []struct{ Name, Sort string }{
	{"one key, ascending", "id"},
	{"two keys, of two directions", "rank,-id"},
	{"a key that can be null", "due"},
	{"a key that can be null, descending", "-due"},
}

// statements create the table. A third of the rows has no due time, and ten share a rank.
var statements = []string{
	`CREATE TABLE pages (id bigint PRIMARY KEY, rank bigint NOT NULL, due timestamptz)`,
	`INSERT INTO pages SELECT n, n / 10, CASE WHEN n %% 3 > 0 THEN 'epoch'::timestamptz + n * interval '1 minute' END FROM generate_series(1, %d) n`,
	`CREATE INDEX ON pages (rank, id DESC)`,
	`CREATE INDEX ON pages (due, id)`,
	`VACUUM (ANALYZE, FREEZE) pages`,
}

// Row is a row of the table.
type Row struct {
	ID   int64      `json:"id"`
	Rank int64      `json:"rank"`
	Due  *time.Time `json:"due"`
}

// Value implements [rest.Entity].
func (*Row) Value(name string) (ent.Value, error) { return nil, errors.New("no value " + name) }

// Table is the table in a database.
type Table struct {
	conn *pgx.Conn
	rows int
}

// Create creates the table with that many rows.
func Create(ctx context.Context, conn *pgx.Conn, rows int) (*Table, error) {
	for i, s := range statements {
		if i == 1 {
			s = fmt.Sprintf(s, rows)
		}
		if _, err := conn.Exec(ctx, s); err != nil {
			return nil, err
		}
	}
	return &Table{conn, rows}, nil
}

var fields = []rest.Field{
	{Name: "id", Column: "id", Kind: rest.Int, Bits: 64, Access: rest.Readable | rest.Sortable},
	{Name: "rank", Column: "rank", Kind: rest.Int, Bits: 64, Access: rest.Readable | rest.Sortable},
	{Name: "due", Column: "due", Kind: rest.Time, Access: rest.Readable | rest.Sortable | rest.Nullable},
}

// list returns a page of the table, which run reads.
func (t *Table) list(ctx context.Context, parameters url.Values, run func(query string, args []any) ([]*Row, error)) (*rest.Page, error) {
	r := &rest.Resource[*Row, *Row, *struct{}, *struct{}]{
		Table: rest.Table{Name: "Page", Singular: "page", Plural: "pages", Path: "pages", Fields: fields, DefaultSort: "id", MaxLimit: t.rows},
		Show:  func(r, to *Row) { *to = *r },
		All: func(_ context.Context, modify func(*sql.Selector)) ([]*Row, error) {
			table := sql.Dialect(dialect.Postgres).Table("pages")
			s := sql.Dialect(dialect.Postgres).Select(table.Columns("id", "rank", "due")...).From(table)
			modify(s)
			return run(s.Query())
		},
	}
	q, err := r.Table.ParseQuery(parameters)
	if err != nil {
		return nil, err
	}
	return r.Erase().List(ctx, q)
}

// List returns a page.
func (t *Table) List(ctx context.Context, parameters url.Values) (*rest.Page, error) {
	return t.list(ctx, parameters, func(query string, args []any) ([]*Row, error) {
		rows, err := t.conn.Query(ctx, query, args...)
		if err != nil {
			return nil, err
		}
		return pgx.CollectRows(rows, pgx.RowToAddrOfStructByPos[Row])
	})
}

// Blocks returns how many blocks PostgreSQL touches for a page. It depends on the rows and
// the plan, and not on the machine.
func (t *Table) Blocks(ctx context.Context, parameters url.Values) (n int, err error) {
	_, err = t.list(ctx, parameters, func(query string, args []any) ([]*Row, error) {
		var text []byte
		if err := t.conn.QueryRow(ctx, "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "+query, args...).Scan(&text); err != nil {
			return nil, err
		}
		var plans []struct {
			Plan struct {
				Hit  int `json:"Shared Hit Blocks"`
				Read int `json:"Shared Read Blocks"`
			}
		}
		if err := json.Unmarshal(text, &plans); err != nil {
			return nil, err
		}
		n = plans[0].Plan.Hit + plans[0].Plan.Read
		return nil, nil
	})
	return n, err
}

// Pages are the parameters of three pages of 50 rows in an order: the first one, and those
// behind and before the row in the middle.
func (t *Table) Pages(ctx context.Context, sort string) (first, forward, backward url.Values, err error) {
	parameters := func(limit int, name, cursor string) url.Values {
		v := url.Values{"sort": {sort}, "limit": {fmt.Sprint(limit)}}
		if cursor != "" {
			v.Set(name, cursor)
		}
		return v
	}
	const limit = rest.DefaultLimit
	half, err := t.List(ctx, parameters(t.rows/2, "", ""))
	if err != nil {
		return nil, nil, nil, err
	}
	first, forward = parameters(limit, "", ""), parameters(limit, "after", half.Next)
	page, err := t.List(ctx, forward)
	if err != nil {
		return nil, nil, nil, err
	}
	return first, forward, parameters(limit, "before", page.Prev), nil
}
