package review

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"commitment/internal/migrator/review/compat"
	"commitment/internal/migrator/review/hazard"
)

// entities are those of the two releases between which the migrations stand.
type entities struct {
	old, new compat.Entities
	known    bool
}

// entities loads what the code is at the base and now. Without a base in git, or
// without entities there, the old code isn't known. That they can't be read is a
// finding: then nothing is said about the code.
func (o Options) entities(ctx context.Context, s selected) (entities, *hazard.Finding) {
	if s.commit == "" {
		return entities{}, nil
	}
	var e entities
	var err error
	if e.new, err = compat.Load(ctx, o.Root); err == nil {
		e.old, err = compat.LoadRevision(ctx, o.Root, s.commit)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return entities{}, nil
	}
	if err != nil {
		f := finding(codeUnjudged, "", "the entities can't be read, so the code isn't held against the files: "+err.Error(),
			"Whether the running code survives the migration isn't known.", "")
		f.Severity = hazard.Warning
		return entities{}, &f
	}
	e.known = true
	return e, nil
}

// deployFindings say what the verdict on a file asks of whoever deploys it.
func deployFindings(name string, v compat.Verdict) []hazard.Finding {
	if len(v.Breaks) == 0 {
		return nil
	}
	first := v.Breaks[0]
	f := hazard.Finding{
		Evidence: hazard.Measured, File: name,
		Reason: fmt.Sprintf("%s of %s: %s.", first.Operation, first.Entity, first.Error),
	}
	switch v.Order {
	case compat.TwoReleases:
		f.Code, f.Severity = codeBothBreak, hazard.Error
		f.Title = "neither the code nor the migration can go first"
		f.Advice = "Take two releases: one that works on both sides, and one that needs the new side."
	case compat.CodeFirst:
		f.Code, f.Severity = codeOldBreaks, hazard.Warning
		f.Title = "the running code breaks on it"
		f.Advice = "Apply it when no instance of the old code runs any longer."
	default:
		return nil
	}
	return []hazard.Finding{f}
}

// interlock finds files that can't be applied at once: one has to be before the
// new code, another after it.
func interlock(files []File) {
	first := -1
	for i, f := range files {
		switch {
		case f.Compat == nil || f.Compat.Order != compat.MigrationFirst && f.Compat.Order != compat.CodeFirst:
		case first < 0:
			first = i
		case f.Compat.Order != files[first].Compat.Order:
			found := finding(codeInterlock, f.Name, fmt.Sprintf("%s, and %s", side(files[first]), side(f)),
				"Apply runs both at once, so old or new code breaks meanwhile.",
				"Bring one of them in with another release.")
			found.Evidence = hazard.Measured
			files[i].Findings = append(files[i].Findings, found)
		}
	}
}

// side says on which side of the new code's deployment a file has to be applied.
func side(f File) string {
	if f.Compat.Order == compat.MigrationFirst {
		return f.Name + " has to come before the new code"
	}
	return f.Name + " has to wait until no old code runs"
}
