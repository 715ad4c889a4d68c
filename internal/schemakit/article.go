package schemakit

import "regexp"

// The first letter of a noun says whether it is spoken with a vowel first, except in words
// such as hour on the one side, and user, unit, European and one on the other.
var (
	vowel     = regexp.MustCompile(`^(?i:[aeiou]|hour|honor|honest|heir)`)
	consonant = regexp.MustCompile(`^(?i:uni([^dmn]|$)|us[aeiu]|ut[ei]|ura|eu|one\b)`)
)

// WithArticle returns a noun with its indefinite article, such as "a user".
func WithArticle(noun string) string {
	if vowel.MatchString(noun) && !consonant.MatchString(noun) {
		return "an " + noun
	}
	return "a " + noun
}
