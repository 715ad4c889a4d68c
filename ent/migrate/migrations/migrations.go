// Package migrations holds the versioned migrations and their checksums, so that
// the program carries them. It is data alone: package migration plans and
// applies it.
package migrations

import "embed"

// FS holds the migrations and atlas.sum.
//
//go:embed *.sql atlas.sum
var FS embed.FS
