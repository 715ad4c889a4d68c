package review

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration"
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
	if e.new, err = compat.Load(ctx, o.Root, o.Schema); err == nil {
		e.old, err = compat.LoadRevision(ctx, o.Root, o.Schema, s.commit)
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

// deployFindings say where the verdict on a file contradicts the phase that its name
// tells.
func deployFindings(f migrate.File, v compat.Verdict) []hazard.Finding {
	if len(v.Breaks) == 0 {
		return nil
	}
	first := v.Breaks[0]
	found := hazard.Finding{
		Severity: hazard.Error, Evidence: hazard.Measured, File: f.Name(),
		Reason: fmt.Sprintf("%s of %s: %s.", first.Operation, first.Entity, first.Error),
	}
	contracts := migration.PhaseOf(f) == migration.Contract
	switch {
	case v.Order == compat.TwoReleases:
		found.Code = codeTwoReleases
		found.Title = "neither the code nor the migration can go first"
		found.Advice = "Use two releases: one that works before and after the file, and one that needs it applied."
	case v.Order == compat.NewBreaks:
		late := slices.IndexFunc(v.Breaks, func(b compat.Break) bool { return b.Release == "new" && b.Schema == "after" })
		b := v.Breaks[max(late, 0)]
		found.Code = codeNewBreaks
		found.Title = "the code of this branch breaks after it"
		found.Reason = fmt.Sprintf("%s of %s: %s.", b.Operation, b.Entity, b.Error)
		found.Advice = "Make the entities and the file match: the code still declares what the file takes away."
	case v.Order == compat.CodeFirst && !contracts:
		found.Code = codeOldBreaks
		found.Title = "the running code breaks after it, and its name doesn't end in _" + migration.ContractName
		found.Advice = "End its name in _" + migration.ContractName + ", so that it is applied when no instance of the old code is running."
	case v.Order == compat.MigrationFirst && contracts:
		found.Code = codeNewNeeds
		found.Title = "the new code needs it, and its name ends in _" + migration.ContractName
		found.Advice = "Take that off its name, so that it is applied before the new code is deployed."
	default:
		return nil
	}
	return []hazard.Finding{found}
}
