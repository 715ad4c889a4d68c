package review

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"commitment/internal/migrator/review/compat"
	"commitment/internal/migrator/review/hazard"
)

// entities are those of the two releases between which the migrations run.
type entities struct {
	old, new compat.Entities
	known    bool
}

// entities loads the entities at the base and now. Without a base in git, or without
// entities there, the old code isn't known. If they can't be loaded, that is a finding,
// and nothing is said about the code.
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
		f := finding(codeUnloadable, "", "the entities can't be loaded, so the code wasn't checked against the files:  "+err.Error(),
			"Whether the running code works after the migration isn't known.", "")
		f.Severity = hazard.Warning
		return entities{}, &f
	}
	e.known = true
	return e, nil
}

// deployFindings say what the verdict on a file means for the deployment.
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
		f.Code, f.Severity = codeTwoReleases, hazard.Error
		f.Title = "neither the code nor the migration can go first"
		f.Advice = "Use two releases: one that works before and after the file, and one that needs it applied."
	case compat.NewBreaks:
		late := slices.IndexFunc(v.Breaks, func(b compat.Break) bool { return b.Release == "new" && b.Schema == "after" })
		b := v.Breaks[max(late, 0)]
		f.Code, f.Severity = codeNewBreaks, hazard.Error
		f.Title = "the code of this branch breaks after it"
		f.Reason = fmt.Sprintf("%s of %s: %s.", b.Operation, b.Entity, b.Error)
		f.Advice = "Make the entities and the file match: the code still declares what the file takes away."
	case compat.CodeFirst:
		f.Code, f.Severity = codeOldBreaks, hazard.Warning
		f.Title = "the running code breaks after it"
		f.Advice = "Apply it when no instance of the old code is running."
	default:
		return nil
	}
	return []hazard.Finding{f}
}

// checkTogether finds files that can't be applied together, because one must come
// before the new code and another after it.
func checkTogether(files []File) {
	first := -1
	for i, f := range files {
		switch {
		case f.Compat == nil || f.Compat.Order != compat.MigrationFirst && f.Compat.Order != compat.CodeFirst:
		case first < 0:
			first = i
		case f.Compat.Order != files[first].Compat.Order:
			found := finding(codeDeployBetween, f.Name, fmt.Sprintf("%s, and %s", side(files[first]), side(f)),
				"Apply runs both at once, so that old or new code breaks until the deployment is done.",
				"Move one of them to another release.")
			found.Evidence = hazard.Measured
			files[i].Findings = append(files[i].Findings, found)
		}
	}
}

// side says on which side of the deployment a file must be applied.
func side(f File) string {
	if f.Compat.Order == compat.MigrationFirst {
		return f.Name + " must be applied before the new code is deployed"
	}
	return f.Name + " must be applied when no old code is running"
}
