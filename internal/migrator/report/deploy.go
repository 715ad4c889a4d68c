package report

import (
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

// Breaks are everything that doesn't work, each with its release and state.
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

func breaks(all []compat.Break, release, schema string) []broken {
	var found []broken
	for _, b := range all {
		if b.Release == release && b.Schema == schema {
			found = append(found, broken{line(b.Operation) + " " + line(b.Entity), block(b.SQL), line(b.Error)})
		}
	}
	return found
}
