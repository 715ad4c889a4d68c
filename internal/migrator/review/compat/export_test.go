package compat

import (
	"entgo.io/ent"
	"entgo.io/ent/entc/gen"
	"entgo.io/ent/entc/load"
)

// Of are the entities of schemas that the test declares itself.
func Of(schemas ...ent.Interface) (Entities, error) {
	var loaded []*load.Schema
	for _, s := range schemas {
		text, err := load.MarshalSchema(s)
		if err != nil {
			return nil, err
		}
		l, err := load.UnmarshalSchema(text)
		if err != nil {
			return nil, err
		}
		loaded = append(loaded, l)
	}
	graph, err := gen.NewGraph(&gen.Config{}, loaded...)
	if err != nil {
		return nil, err
	}
	return entitiesOf(graph), nil
}
