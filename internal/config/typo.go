package config

import (
	"maps"
	"slices"
	"strings"
	"unicode"
)

// prefix precedes the names that would be ambiguous without it.
const prefix = "COMMITMENT_"

// checkNames rejects variables whose names nearly match a setting's. If DATABSE_URL
// were ignored, the service would start a private database. Names that are far from
// every setting are left alone: platforms set names such as DB_PORT, HTTP_PROXY or
// COMMITMENT_SERVICE_HOST.
func (r *reader) checkNames() {
	for _, name := range slices.Sorted(maps.Keys(r.vars)) {
		if _, known := r.settings[name]; known {
			continue
		}
		if near := r.near(name); near != "" {
			r.reject(name, ": unknown setting; did you mean %s?", near)
		}
	}
}

// near returns the setting that an unknown name most likely means, or "".
func (r *reader) near(name string) string {
	best, found := 0, ""
	for _, known := range slices.Sorted(maps.Keys(r.settings)) {
		for _, candidate := range []string{name, strings.TrimPrefix(name, prefix)} {
			if miss, ok := nearMiss(candidate, known); ok && (found == "" || miss < best) {
				best, found = miss, known
			}
		}
	}
	return found
}

// nearMiss reports whether name was meant for known, and their edit distance. Ignoring
// case and separators, it allows one edit for every four letters from the first
// difference on, and more where the words are the same, abbreviated or spelled out.
func nearMiss(name, known string) (miss int, ok bool) {
	a, b := normalize(name), normalize(known)
	miss = distance(a, b)
	same := 0
	for same < min(len(a), len(b)) && a[same] == b[same] {
		same++
	}
	limit := max(1, (max(len(a), len(b))-same)/4)
	return miss, miss <= limit || abbreviates(strings.ToUpper(name), known)
}

// normalize returns name in upper case, without the separators between its words.
func normalize(name string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return -1
		}
		return unicode.ToUpper(c)
	}, name)
}

// abbreviates reports whether two names have the same words, in either of which letters
// after the first may be missing: DB_URL and DATABASE_URL. A name of one word is more
// likely somebody else's.
func abbreviates(a, b string) bool {
	words, others := strings.Split(a, "_"), strings.Split(b, "_")
	if len(words) < 2 || len(words) != len(others) {
		return false
	}
	for i, word := range words {
		short, long := word, others[i]
		if len(short) > len(long) {
			short, long = long, short
		}
		if len(short) < 2 || short[0] != long[0] || !subsequence(short, long) {
			return false
		}
	}
	return true
}

// subsequence reports whether long contains the letters of short in order.
func subsequence(short, long string) bool {
	for i := range len(long) {
		if short != "" && long[i] == short[0] {
			short = short[1:]
		}
	}
	return short == ""
}

// distance is the Damerau-Levenshtein distance: the least number of insertions,
// deletions, replacements and swaps of neighbors that turn a into b.
func distance(a, b string) int {
	var before []int // the row before the last one
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			replaced := row[j]
			if a[i] != b[j] {
				replaced++
			}
			next[j+1] = min(replaced, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
