package catalog

import (
	"fmt"
	"strings"
)

// String describes the change in one line, as in
//
//	index products.products_name_key was dropped: CREATE UNIQUE INDEX …
func (c Change) String() string {
	name := c.Name
	if c.Table != "" {
		name = c.Table + "." + c.Name
	}
	switch {
	case c.Before == "":
		return fmt.Sprintf("%s %s was added: %s", c.Kind, name, oneLine(c.After))
	case c.After == "":
		return fmt.Sprintf("%s %s was dropped: %s", c.Kind, name, oneLine(c.Before))
	}
	return fmt.Sprintf("%s %s was %s, is %s", c.Kind, name, oneLine(c.Before), oneLine(c.After))
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
