package migration

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/migrate"
)

// Phase is the part of a rollout in which a file is applied.
type Phase string

// The phases.
const (
	// Expand comes before the new code is deployed: the code that is running goes on
	// working, and the new code needs it.
	Expand Phase = "expand"
	// Contract comes when only the new code is running: it takes away what the code
	// before it used.
	Contract Phase = "contract"
)

// ContractName ends the name of a file that contracts. All other files expand.
const ContractName = "contract"

// PhaseOf returns the phase of a file, which its name tells: it is [Contract] if the
// name ends in _contract, and [Expand] otherwise.
func PhaseOf(f migrate.File) Phase {
	if name := "_" + f.Desc(); strings.HasSuffix(name, "_"+ContractName) {
		return Contract
	}
	return Expand
}

// InPhase returns the files of a phase.
func InPhase(files []migrate.File, phase Phase) []migrate.File {
	return slices.DeleteFunc(slices.Clone(files), func(f migrate.File) bool { return PhaseOf(f) != phase })
}

// ErrUnknownVersion reports an [ApplyOptions.To] that no file has.
var ErrUnknownVersion = errors.New("no migration has the version")

// ExpandFirstError reports a file that contracts and can't be applied yet, because an
// older one that expands is pending.
type ExpandFirstError struct {
	Expand, Contract string // the names of the files
}

// Error says what to do first.
func (e *ExpandFirstError) Error() string {
	return fmt.Sprintf("%s can't be applied while %s is pending: apply the phase expand and deploy the code first", e.Contract, e.Expand)
}

// chosen returns those of the pending files that the options ask for. While a database
// has no migrations at all, no code uses it, so that the phase Expand needs to leave
// nothing out.
func (o ApplyOptions) chosen(dir migrate.Dir, pending []migrate.File, first bool) ([]migrate.File, error) {
	if o.To != "" {
		all, err := dir.Files()
		if err != nil {
			return nil, fmt.Errorf("read migrations: %w", err)
		}
		if !slices.ContainsFunc(all, func(f migrate.File) bool { return f.Version() == o.To }) {
			return nil, fmt.Errorf("%w %s", ErrUnknownVersion, o.To)
		}
		pending = slices.DeleteFunc(slices.Clone(pending), func(f migrate.File) bool { return f.Version() > o.To })
	}
	switch {
	case o.Phase == "", o.Phase == Expand && first:
		return pending, nil
	case o.Phase == Expand:
		return InPhase(pending, Expand), nil
	}
	contract, expand := InPhase(pending, Contract), InPhase(pending, Expand)
	if len(contract) > 0 && len(expand) > 0 && expand[0].Version() < contract[len(contract)-1].Version() {
		at := slices.IndexFunc(contract, func(f migrate.File) bool { return f.Version() > expand[0].Version() })
		return nil, &ExpandFirstError{Expand: expand[0].Name(), Contract: contract[at].Name()}
	}
	return contract, nil
}
