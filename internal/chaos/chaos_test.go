package chaos

import "os"

// long is set by `make chaos`.
var long = os.Getenv("CHAOS") == "long"

// times returns how often something is tried.
func times(short, inLong int) int {
	if long {
		return inLong
	}
	return short
}
