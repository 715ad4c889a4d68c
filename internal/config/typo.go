package config

import "strings"

// near returns the setting that an unknown name was most likely meant for: of the
// same family, which is what stands before the first underscore, and with at
// most one letter in four mistaken after it. It returns "" when there is none.
func (r *reader) near(name string) string {
	family, rest, ok := strings.Cut(name, "_")
	if !ok {
		return ""
	}
	best, found := max(1, len(rest)/4)+1, ""
	for known := range r.settings {
		knownFamily, knownRest, _ := strings.Cut(known, "_")
		if knownFamily != family {
			continue
		}
		d := distance(rest, knownRest)
		if d < best || d == best && found != "" && known < found {
			best, found = d, known
		}
	}
	return found
}

// distance is Levenshtein's: how many bytes to insert, delete or replace to make b
// of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
