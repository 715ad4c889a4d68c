package commitment

import "embed"

// Tree holds the files that a new project is made from, so that the program which makes
// it needs no checkout.
//
//go:embed all:.ci all:.github .dockerignore .editorconfig .gitattributes .gitignore .golangci.yml
//go:embed all:cmd all:docs all:ent all:internal CONTRIBUTING.md Dockerfile LICENSE Makefile README.md
//go:embed atlas.hcl compose.yaml kubernetes.yaml embed.go generate.go go.mod go.sum
var Tree embed.FS
