package schemakit_test

import (
	"encoding/json"
	"testing"

	"entgo.io/ent/schema"
	"github.com/google/go-cmp/cmp"

	"commitment/internal/schemakit"
)

func TestObjectsStandBesideEachOther(t *testing.T) {
	t.Parallel()
	a, b, c := schemakit.Object{Name: "a"}, schemakit.Object{Name: "b", First: true}, schemakit.Object{Name: "c"}
	mixin := schemakit.Declare(a, b)
	merger, ok := mixin.(schema.Merger)
	if !ok {
		t.Fatal("the annotation has no Merge")
	}
	merged := merger.Merge(schemakit.Declare(c))
	if diff := cmp.Diff(schema.Annotation(schemakit.Objects{Objects: []schemakit.Object{a, b, c}}), merged); diff != "" {
		t.Errorf("merged (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(schemakit.Declare(a, b), mixin); diff != "" {
		t.Errorf("the other annotation has changed (-want +got):\n%s", diff)
	}
}

// Ent passes annotations to templates as JSON, by name.
func TestAnnotationsAsTemplatesSeeThem(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		annotation schema.Annotation
		name, json string
	}{
		{
			schemakit.Declare(schemakit.Object{Name: "n", Up: "u", Down: "d"}, schemakit.Object{First: true}), "Objects",
			`{"objects":[{"name":"n","up":"u","down":"d"},{"name":"","up":"","down":"","first":true}]}`,
		},
		{schemakit.RenamedFrom("old"), "Renamed", `{"from":"old"}`},
	} {
		if got := tt.annotation.Name(); got != tt.name {
			t.Errorf("name = %s, want %s", got, tt.name)
		}
		got, err := json.Marshal(tt.annotation)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.json, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
