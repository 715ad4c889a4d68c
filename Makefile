# Short names for common tasks. Each is one go command or one script; nothing
# needs make.

.DEFAULT_GOAL := help
.PHONY: help run test test-postgres-versions test-levers test-ent race generate lint fmt check chaos bench bench-compile bench-entities bench-migrations docker

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-24s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## serve on 127.0.0.1:8080, on a private PostgreSQL unless DATABASE_URL is set
	go run ./cmd/commitment serve

test: ## run the tests
	go test ./...

test-postgres-versions: ## test the review on every major version of PostgreSQL, downloaded with npm
	.ci/postgres-versions

LEVER_TESTS := ./internal/txn ./internal/pgtx ./internal/reqtx ./internal/sqlgraph ./internal/idempotency ./internal/tenancy ./internal/jobs \
	./internal/rest ./internal/entgen ./internal/httpapi ./internal/chaos

test-levers: ## test the request transaction without each of the levers of internal/levers
	for lever in graph direct park wait; do GOFLAGS=-ldflags=-X=commitment/internal/levers.without=$$lever \
		go test -tags=e2e $(LEVER_TESTS) || exit 1; done

test-ent: ## run Ent's own integration tests with Ent's client and with ours, in ten minutes or more
	ENT_REPOSITORY=$${ENT_REPOSITORY:-https://github.com/ent/ent} go test -v -count=1 -timeout 60m -run '^TestEntIntegration$$' ./internal/entgen

race: ## run all tests that CI runs, in random order, with the race detector
	go test -race -shuffle=on -tags=e2e ./...

generate: ## generate the client from ent/schema
	go generate ./...

lint: ## run go vet and golangci-lint
	.ci/run lint

fmt: ## format the code and sort its imports
	.ci/run fmt

check: ## run everything that CI runs
	.ci/run

chaos: ## inject faults for a long time, and compare every response with the rows
	CHAOS=long go test -tags=e2e -v -count=1 -timeout 60m ./internal/chaos

bench: ## compare the request transaction and a resource with their peers, in about nine minutes
	cd bench && go run . -out RESULTS.md

bench-compile: ## measure what 50 resources cost a build, in about three minutes
	cd bench && go run ./compile -out COMPILE.md

bench-entities: ## measure the service with 100 and 500 entities more, in about ten minutes
	cd bench && go run ./compile -serve 0,100,500 -out ENTITIES.md

bench-migrations: ## measure large schemas and many files; ATLAS=path compares with the Atlas CLI
	cd bench && go run ./migrations -atlas "$(ATLAS)" -out MIGRATIONS.md

docker: ## build the container image
	docker build --tag commitment .
