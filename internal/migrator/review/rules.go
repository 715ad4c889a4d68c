package review

import (
	"slices"

	"commitment/internal/migrator/review/hazard"
)

// The codes of findings that aren't hazards of a statement.
const (
	codeBehind      = "CM401"
	codeDuplicate   = "CM402"
	codeEdited      = "CM403"
	codeRemoved     = "CM404"
	codeRenamed     = "CM405"
	codeSum         = "CM406"
	codeEmpty       = "CM407"
	codeBlank       = "CM408"
	codeBOM         = "CM409"
	codeCRLF        = "CM410"
	codeFails       = "CM411"
	codeFailsOnRows = "CM412"
	codeUnproven    = "CM413"
	codeNoRows      = "CM414"
	codeMalformed   = "CM421"
	codeUnknown     = "CM422"
	codeExpired     = "CM423"
	codeUnreasoned  = "CM424"
	codeUseless     = "CM425"
	codeTwoReleases = "CM431"
	codeOldBreaks   = "CM432"
	codeNewNeeds    = "CM433"
	codeUnloadable  = "CM434"
	codeNewBreaks   = "CM435"
	codePassedOver  = "CM436"
)

var own = []hazard.Rule{
	{Code: codeBehind, Slug: "behind-base", Title: "a file is older than the base's newest"},
	{Code: codeDuplicate, Slug: "duplicate-version", Title: "two files have the same version"},
	{Code: codeEdited, Slug: "edited-file", Title: "a file of the base was edited"},
	{Code: codeRemoved, Slug: "removed-file", Title: "a file of the base was removed"},
	{Code: codeRenamed, Slug: "renamed-file", Title: "a file of the base was renamed"},
	{Code: codeSum, Slug: "wrong-sum", Title: "atlas.sum doesn't match the files"},
	{Code: codeEmpty, Slug: "no-migrations", Title: "there are no migrations"},
	{Code: codeBlank, Slug: "no-statement", Title: "a file has no statement"},
	{Code: codeBOM, Slug: "byte-order-mark", Title: "a file begins with a byte order mark"},
	{Code: codeCRLF, Slug: "crlf", Title: "a file has CR LF line ends"},
	{Code: codeFails, Slug: "statement-fails", Title: "a statement fails"},
	{Code: codeFailsOnRows, Slug: "fails-on-rows", Title: "a statement fails on rows"},
	{Code: codeUnproven, Slug: "unproven-fix", Title: "a safe form does something else to rows"},
	{Code: codeNoRows, Slug: "no-rows", Title: "no rows could be made for a table"},
	{Code: codeMalformed, Slug: "nolint-malformed", Title: "a nolint directive can't be read"},
	{Code: codeUnknown, Slug: "nolint-unknown", Title: "a nolint directive names an unknown code"},
	{Code: codeExpired, Slug: "nolint-expired", Title: "a nolint directive has expired"},
	{Code: codeUnreasoned, Slug: "nolint-without-reason", Title: "a nolint directive gives no reason"},
	{Code: codeUseless, Slug: "nolint-useless", Title: "a nolint directive accepts nothing"},
	{Code: codeTwoReleases, Slug: "two-releases", Title: "neither the code nor the migration can go first"},
	{Code: codeOldBreaks, Slug: "old-code-breaks", Title: "the running code breaks after a file that expands"},
	{Code: codeNewNeeds, Slug: "new-code-needs", Title: "the new code needs a file that contracts"},
	{Code: codeUnloadable, Slug: "unreadable-entities", Title: "the entities can't be loaded"},
	{Code: codeNewBreaks, Slug: "new-code-breaks", Title: "the branch's own code breaks after the migration"},
	{Code: codePassedOver, Slug: "needs-contract", Title: "a file that expands needs one that contracts"},
}

// Rules returns the rules of all possible findings, hazards first.
func Rules() []hazard.Rule { return slices.Concat(hazard.Rules(), own) }

// known reports whether a directive may name the code: one of ours, or one of Atlas's
// that doesn't occur here.
func known(code string) bool {
	for _, atlas := range analyzers {
		if slices.Contains(atlas, code) {
			return true
		}
	}
	return slices.ContainsFunc(Rules(), func(r hazard.Rule) bool { return r.Code == code })
}
