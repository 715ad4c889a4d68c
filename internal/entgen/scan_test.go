package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestFieldsThatAllRowsWouldShare(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range readModule(t, filepath.Join("..", "..")) {
		write(t, filepath.Join(dir, name), text)
	}
	write(t, filepath.Join(dir, "ent", "schema", "shared.go"), `package schema

import (
	"database/sql"
	"net/url"

	"entgo.io/ent"
	"entgo.io/ent/schema/field"
	"github.com/google/uuid"
)

type Shared struct{ ent.Schema }

func (Shared) Fields() []ent.Field {
	return []ent.Field{
		field.String("text").Optional().GoType(&sql.NullString{}),
		field.Int64("number").Optional().GoType(&sql.NullInt64{}),
		field.UUID("other", &uuid.UUID{}).Optional(),
		field.String("own").Optional().GoType(sql.NullString{}),
		field.UUID("nillable", &uuid.UUID{}).Optional().Nillable(),
		field.String("url").Optional().GoType(&url.URL{}).ValueScanner(field.BinaryValueScanner[*url.URL]{}),
	}
}
`)
	out, err := tryGo(t, dir, "generate", ".")
	const says = " has a GoType that is a pointer, which all rows of a query would share: give it "
	want := "ent/schema/shared.go:16:3: Shared.text" + says + "sql.NullString itself\n" +
		"ent/schema/shared.go:17:3: Shared.number" + says + "sql.NullInt64 itself\n" +
		"ent/schema/shared.go:18:3: Shared.other" + says + "uuid.UUID itself\n"
	if err == nil || !strings.Contains(out, want) || strings.Count(out, says) != 3 {
		t.Errorf("go generate = %s, %v, want %q", out, err, want)
	}
}
