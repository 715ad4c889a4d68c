package review

import (
	"slices"

	"commitment/internal/migrator/review/hazard"
)

// The codes of what a review finds beside hazards.
const (
	codeBehind     = "CM401"
	codeDuplicate  = "CM402"
	codeEdited     = "CM403"
	codeRemoved    = "CM404"
	codeRenamed    = "CM405"
	codeSum        = "CM406"
	codeEmpty      = "CM407"
	codeBlank      = "CM408"
	codeBOM        = "CM409"
	codeCRLF       = "CM410"
	codeFails      = "CM411"
	codeMalformed  = "CM421"
	codeUnknown    = "CM422"
	codeExpired    = "CM423"
	codeUnreasoned = "CM424"
	codeUseless    = "CM425"
	codeBothBreak  = "CM431"
	codeOldBreaks  = "CM432"
	codeInterlock  = "CM433"
	codeUnjudged   = "CM434"
)

var own = []hazard.Code{
	{Code: codeBehind, Title: "a file stands before the base's newest"},
	{Code: codeDuplicate, Title: "a version is there twice"},
	{Code: codeEdited, Title: "a file of the base was edited"},
	{Code: codeRemoved, Title: "a file of the base was removed"},
	{Code: codeRenamed, Title: "a file of the base was renamed"},
	{Code: codeSum, Title: "atlas.sum doesn't match the files"},
	{Code: codeEmpty, Title: "there are no migrations"},
	{Code: codeBlank, Title: "a file has no statement"},
	{Code: codeBOM, Title: "a file begins with a byte order mark"},
	{Code: codeCRLF, Title: "a file has lines that end with CR LF"},
	{Code: codeFails, Title: "a statement fails"},
	{Code: codeMalformed, Title: "a nolint directive can't be read"},
	{Code: codeUnknown, Title: "a nolint directive names an unknown code"},
	{Code: codeExpired, Title: "a nolint directive has expired"},
	{Code: codeUnreasoned, Title: "a nolint directive gives no reason"},
	{Code: codeUseless, Title: "a nolint directive suppresses nothing"},
	{Code: codeBothBreak, Title: "neither the code nor the migration can go first"},
	{Code: codeOldBreaks, Title: "the running code breaks on the migration"},
	{Code: codeInterlock, Title: "the files need a deployment between them"},
	{Code: codeUnjudged, Title: "the entities can't be read"},
}

// Codes returns the codes of all findings that a report can have, hazards first.
func Codes() []hazard.Code { return slices.Concat(hazard.Codes(), own) }

// known reports whether a directive may name the code: one of ours, or one of
// Atlas's that can't occur here.
func known(code string) bool {
	for _, atlas := range analyzers {
		if slices.Contains(atlas, code) {
			return true
		}
	}
	return slices.ContainsFunc(Codes(), func(c hazard.Code) bool { return c.Code == code })
}
