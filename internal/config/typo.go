package config

import (
	"maps"
	"slices"
	"strings"
	"unicode"
)

// prefix is that of the settings whose names would say too little without it.
const prefix = "COMMITMENT_"

// checkNames notes variables that are near misses of a setting's name: silently
// ignored, DATABSE_URL would start a private database. Those that are far from all are
// left alone: a platform sets names like DB_PORT, HTTP_PROXY or COMMITMENT_SERVICE_HOST.
func (r *reader) checkNames() {
	for _, name := range slices.Sorted(maps.Keys(r.vars)) {
		if _, known := r.settings[name]; known {
			continue
		}
		if near := r.near(name); near != "" {
			r.refuse(name, ": unknown setting; did you mean %s?", near)
		}
	}
}

// near returns the setting that an unknown name was most likely meant for, or "".
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

// nearMiss reports whether name was meant for known, and how many letters it misses it
// by: at most one in four from the first that is wrong, whatever the case and the
// underscores; more where its words are the same, abbreviated or spelled out.
func nearMiss(name, known string) (miss int, ok bool) {
	a, b := letters(name), letters(known)
	miss = distance(a, b)
	same := 0
	for same < min(len(a), len(b)) && a[same] == b[same] {
		same++
	}
	limit := max(1, (max(len(a), len(b))-same)/4)
	return miss, miss <= limit || abbreviates(strings.ToUpper(name), known)
}

// letters is name in upper case, without what stands between its words.
func letters(name string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return -1
		}
		return unicode.ToUpper(c)
	}, name)
}

// abbreviates reports whether two names have the same words, of which either may leave
// out letters after the first: DB_URL and DATABASE_URL. A name of one word is too
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

// subsequence reports whether long has the letters of short in their order.
func subsequence(short, long string) bool {
	for i := range len(long) {
		if short != "" && long[i] == short[0] {
			short = short[1:]
		}
	}
	return short == ""
}

// distance is how many letters to insert, delete, replace or swap with their neighbor
// to make b of a.
func distance(a, b string) int {
	var before []int // the row of all but two letters of a
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
