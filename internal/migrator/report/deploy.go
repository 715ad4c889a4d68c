package report

import (
	"slices"

	"commitment/internal/migration"
	"commitment/internal/migrator/review/compat"
)

// deploy is a [compat.Verdict] as it is shown.
type deploy struct {
	Order string // in two or three words
	Text  string // what to do
	Rows  []release
}

// release is how the code of one release works before and after the file.
type release struct {
	Name          string
	Before, After []broken
}

// broken is something that doesn't work; its text is clean.
type broken struct{ What, SQL, Error string }

// shownDeploy returns an unknown order for a nil verdict.
func shownDeploy(v *compat.Verdict, phase migration.Phase) deploy {
	if v == nil {
		return deploy{Order: "not checked", Text: "The entities of the base aren't known, so old and new code weren't tried." + phaseText(phase)}
	}
	d := deploy{Order: orderName(v.Order), Text: orderText(v.Order) + phaseText(phase)}
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

// Breaks are everything that doesn't work. What breaks alike in several releases or
// states is one.
func (d deploy) Breaks() []broken {
	var all []broken
	when := map[broken][]string{}
	add := func(breaks []broken, state string) {
		for _, b := range breaks {
			if when[b] == nil {
				all = append(all, b)
			}
			when[b] = append(when[b], state)
		}
	}
	for _, r := range d.Rows {
		add(r.Before, r.Name+" code before the file")
		add(r.After, r.Name+" code after the file")
	}
	for i, b := range all {
		all[i].What = list(when[b]) + ": " + b.What
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
		return "Old and new code run before and after the file."
	case compat.MigrationFirst:
		return "The new code needs the file: apply the file, then deploy."
	case compat.CodeFirst:
		return "The old code breaks after the file: deploy the new code everywhere, then apply the file."
	case compat.TwoReleases:
		return "Either order breaks something: add in one release, remove in the next."
	case compat.NewBreaks:
		return "The new code itself breaks after the file: it still declares what the file takes away."
	default:
		return ""
	}
}

// phaseText says when a file that contracts is applied. One that expands comes before
// the new code, as anybody expects.
func phaseText(phase migration.Phase) string {
	if phase == migration.Contract {
		return " Its name puts it in the phase contract: run \"migrate apply --phase contract\" when no old code is left."
	}
	return ""
}

// breaks is what breaks in a release and state. Operations of an entity that break with
// the same error are one.
func breaks(all []compat.Break, release, schema string) []broken {
	type cause struct{ entity, err string }
	var found []broken
	at := map[cause]int{}
	operations := map[cause][]string{}
	for _, b := range all {
		if b.Release != release || b.Schema != schema {
			continue
		}
		c := cause{line(b.Entity), line(b.Error)}
		if _, known := at[c]; !known {
			at[c] = len(found)
			found = append(found, broken{SQL: block(b.SQL), Error: c.err})
		}
		if o := line(b.Operation); !slices.Contains(operations[c], o) {
			operations[c] = append(operations[c], o)
		}
		found[at[c]].What = list(operations[c]) + " " + c.entity
	}
	return found
}
