package project

import (
	"fmt"
	"path"
	"regexp"
)

// The foundation's own files, which no project gets. A pattern that ends in "/" stands
// for a directory and everything in it.
var foundationFiles = []string{"bench/", "cmd/new/", "internal/project/", "embed.go"}

// The ledger's files, which a project without the example doesn't get.
var exampleFiles = []string{
	"internal/ledger/", "internal/webhook/", "internal/config/webhook*.go",
	"internal/chaos/ledger*_test.go", "internal/cli/ledger*_test.go",
	"internal/migration/ledger*_test.go",
	"ent/schema/account.go", "ent/schema/entry.go", "ent/schema/transfer.go", "ent/schema/balanced_transfers.sql",
	"ent/migrate/migrations/*_ledger.sql", "ent/migrate/migrations/*_balanced_transfers.sql", "ent/migrate/migrations/*_account_version.sql", "ent/migrate/migrations/*_ledger_tenants.sql",
	"internal/httpapi/account*.go", "internal/httpapi/entry*.go", "internal/httpapi/transfer*.go",
	"internal/httpapi/trial_balance*.go", "internal/httpapi/ledger*_test.go",
	"internal/httpapi/load_test.go", "internal/httpapi/testdata/clients/",
}

// An edit replaces what pattern matches in the file at path. It must match.
type edit struct{ path, pattern, replacement string }

// foundationEdits remove what belongs to the foundation from the files of every
// project.
var foundationEdits = []edit{
	{"internal/arch/table_test.go", `\t\{pkg: "(cmd/new|internal/project)".*\n`, ""},
	{".ci/run", `(?s)# check_bench is .*?\n}\n\n`, ""},
	{".ci/run", `\tcheck_bench\n`, ""},
	{".golangci.yml", `(?s)      # The benchmark is a module of its own.*?commitment\$"\n`, ""},
	{"Makefile", `(?s)bench: ##.*?(docker: ##)`, "${1}"},
	{"Makefile", ` bench bench-compile bench-entities bench-migrations`, ""},
}

// exampleEdits remove the ledger from the files of a project without the example.
var exampleEdits = []edit{
	{".ci/run", `(?s)# check_clients generates .*?\n}\n\n`, ""},
	{".ci/run", `\tcheck_clients\n|oapi_codegen_version=.*\n|, and clients generated from them`, ""},
	{"internal/app/service.go", `\t"commitment/internal/ledger"\n`, ""},
	{"internal/app/service.go", `ledger\.Constraints`, "nil"},
	{"internal/app/service.go", `(?s)\tif cfg\.Webhook.*?\n\t\}\n`, ""},
	{"internal/app/jobs.go", `(?s)\tif hook := .*?\n\t\}\n`, ""},
	{"internal/app/jobs.go", `\t"commitment/internal/webhook"\n`, ""},
	{"internal/arch/table_test.go", `\t\{pkg: "internal/ledger".*\n`, ""},
	{"internal/arch/table_test.go", `\t\{pkg: "internal/webhook".*\n`, ""},
	{"internal/arch/table_test.go", `"internal/ledger", `, ""},
	{"internal/config/check.go", `\tr\.checkWebhook.*\n`, ""},
	{"internal/config/config.go", `\tWebhook +Webhook\n`, ""},
	{"internal/config/config.go", `(?s)// Webhook configures.*?\n\}\n\n`, ""},
	{"docs/settings.md", `\| .WEBHOOK_.*\n`, ""},
	{"docs/jobs.md", `(?s)\n## The example: a webhook.*`, ""},
	{"internal/httpapi/api.go", `A double-entry ledger\. `, ""},
	{"internal/httpapi/routes.go", `, let package ledger work,`, ""},
	{"internal/httpapi/routes.go", `\t"commitment/(internal/ledger|internal/identity|internal/rest|ent/resource)"\n`, ""},
	{"internal/httpapi/routes.go", `(?s)(func routes\(v1 \*api\) \{\n).*?(}\n)`, "${1}${2}"},
	{"internal/httpapi/routes.go", `/v1/trial-balance`, "/readyz"},
	{
		"docs/resources.md", `(?s)The examples use the accounts, entries and transfers.*?serve` + "`" + `\.`,
		"The examples use accounts, entries and transfers, which this project doesn't have: they show what responses look like.",
	},
	{"internal/httpapi/service_test.go", `\t"commitment/internal/ledger"\n`, ""},
	{"internal/httpapi/service_test.go", `ledger\.Constraints`, "nil"},
}

// generatedFiles are generated in every project.
var generatedFiles = []string{"ent/migrate/migrations/atlas.sum", "internal/httpapi/testdata/*.golden*"}

// matches reports whether one of the patterns matches the path.
func matches(patterns []string, p string) bool {
	for _, pattern := range patterns {
		if pattern[len(pattern)-1] == '/' && len(p) > len(pattern) && p[:len(pattern)] == pattern {
			return true
		}
		if ok, err := path.Match(pattern, p); err == nil && ok {
			return true
		}
	}
	return false
}

// remove removes the files that match the patterns.
func (t tree) remove(patterns []string) {
	for p := range t {
		if matches(patterns, p) {
			delete(t, p)
		}
	}
}

// apply makes the edits. An edit that doesn't match is an error: the file has changed,
// and the list has not.
func (t tree) apply(edits []edit) error {
	for _, e := range edits {
		pattern := regexp.MustCompile(e.pattern)
		if !pattern.Match(t[e.path]) {
			return fmt.Errorf("edit of %s: no match for %s", e.path, e.pattern)
		}
		t[e.path] = pattern.ReplaceAll(t[e.path], []byte(e.replacement))
	}
	return nil
}
