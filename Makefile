# Short names for what is done often. Everything here is one go command or one
# script: nothing needs make.

.DEFAULT_GOAL := help
.PHONY: help run test test-postgres-versions race generate lint fmt check chaos bench bench-migrations docker

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-24s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## serve on 127.0.0.1:8080, with a private PostgreSQL unless DATABASE_URL is set
	go run ./cmd/commitment serve

test: ## run the tests
	go test ./...

test-postgres-versions: ## run what measures PostgreSQL on every major version, fetched by npm
	.ci/postgres-versions

race: ## run the tests in random order, under the race detector
	go test -race -shuffle=on ./...

generate: ## rebuild the generated code from ent/schema
	go generate ./...

lint: ## vet, and lint with golangci-lint
	.ci/run lint

fmt: ## format the code and sort its imports
	.ci/run fmt

check: ## run everything that CI runs
	.ci/run

chaos: ## break what is around the program, for long, and compare every answer with the rows
	CHAOS=long go test -v -count=1 -timeout 60m ./internal/chaos

bench: ## measure the request transaction beside its peers, in some six minutes
	cd bench && go run . -out RESULTS.md

bench-migrations: ## measure old and big schemas; beside the Atlas CLI with ATLAS=path
	cd bench && go run ./migrations -atlas "$(ATLAS)" -out MIGRATIONS.md

docker: ## build the container image
	docker build --tag commitment .
