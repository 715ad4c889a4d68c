package report

import (
	"commitment/internal/migrator/review/compat"
)

// deploy is a [compat.Verdict] as it is shown.
type deploy struct {
	Order string // in two or three words
	Text  string // what to do
	Rows  []release
}

// release is how the code of one release fares before and after the file.
type release struct {
	Name          string
	Before, After []broken
}

// broken is what doesn't work, its text clean.
type broken struct{ What, SQL, Error string }

// shownDeploy returns the order that isn't known for a nil verdict.
func shownDeploy(v *compat.Verdict) deploy {
	if v == nil {
		return deploy{Order: "not checked", Text: "The entities at the base aren't known, so old and new code weren't tried."}
	}
	d := deploy{Order: orderName(v.Order), Text: orderText(v.Order)}
	for _, name := range []string{"old", "new"} {
		d.Rows = append(d.Rows, release{
			Name:   name,
			Before: breaks(v.Breaks, name, "before"),
			After:  breaks(v.Breaks, name, "after"),
		})
	}
	return d
}

// Known reports whether old and new code were tried.
func (d deploy) Known() bool { return len(d.Rows) > 0 }

// Breaks are all that doesn't work, each with the code and the schema.
func (d deploy) Breaks() []broken {
	var all []broken
	for _, r := range d.Rows {
		for _, b := range r.Before {
			all = append(all, broken{r.Name + " code before the file: " + b.What, b.SQL, b.Error})
		}
		for _, b := range r.After {
			all = append(all, broken{r.Name + " code after the file: " + b.What, b.SQL, b.Error})
		}
	}
	return all
}

func orderName(o compat.Order) string {
	if o == compat.Either {
		return "in either order"
	}
	return line(string(o))
}

func orderText(o compat.Order) string {
	switch o {
	case compat.Either:
		return "Old and new code run before the file and after it."
	case compat.MigrationFirst:
		return "The new code needs what the file makes: apply the file, then deploy."
	case compat.CodeFirst:
		return "The old code breaks on what the file makes: deploy the new code everywhere, then apply the file."
	case compat.TwoReleases:
		return "Whichever goes first, something breaks meanwhile: add in one release, take away in the next."
	default:
		return ""
	}
}

func breaks(all []compat.Break, release, schema string) []broken {
	var found []broken
	for _, b := range all {
		if b.Release == release && b.Schema == schema {
			found = append(found, broken{line(b.Operation) + " " + line(b.Entity), block(b.SQL), line(b.Error)})
		}
	}
	return found
}
