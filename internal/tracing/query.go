package tracing

import (
	"cmp"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"commitment/internal/sqltoken"
)

// maxText limits the text of a statement in a span, in bytes.
const maxText = 2 << 10

// query is what spans say about a statement.
type query struct {
	summary string // the span's name, such as "SELECT orders"
	attrs   trace.SpanStartEventOption
}

// describe describes a statement. Constants may be arguments in disguise: they become ?.
func describe(sql string) query {
	operation, table := operationOf(sql)
	operation = cmp.Or(operation, "postgresql") // as for spans whose operation isn't known
	summary, attrs := operation, []attribute.KeyValue{semconv.DBOperationName(operation)}
	if table != "" {
		summary += " " + table
		attrs = append(attrs, semconv.DBCollectionName(table))
	}
	attrs = append(attrs, semconv.DBQuerySummary(summary), semconv.DBQueryText(sqltoken.Redact(sql, maxText)))
	return query{summary, trace.WithAttributes(attrs...)}
}

// operationOf returns the operation of a statement, in upper case, and the table that it
// is about, if that is easily told. WITH is followed by the operation that counts.
func operationOf(sql string) (operation, table string) {
	depth, next, named := 0, false, false // next: the table's name follows
	for t := range sqltoken.All(sql) {
		switch {
		case next && t.Is("only"):
		case next && t.IsName():
			table, next, named = t.Name(), false, true
		case named && t.Text == ".":
			next, named = true, false // that was the schema
		case table != "":
			return operation, table
		case t.Text == "(":
			depth, next = depth+1, false
		case t.Text == ")":
			depth--
		case depth > 0:
		case operation == "" && !t.Word(): // no statement; it may be a constant
			return "", ""
		case operation == "" || operation == "WITH" && t.Is("select", "insert", "update", "delete", "merge"):
			operation = strings.ToUpper(t.Text)
			next = operation == "UPDATE"
		case t.Is("into", "from"):
			next = true
		case t.Text == ";":
			return operation, table
		}
	}
	return operation, table
}
