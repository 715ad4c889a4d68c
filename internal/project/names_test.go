package project

import (
	"strings"
	"testing"
)

func TestSettingsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		settings Settings
		want     string
	}{
		{Settings{}, "--module is missing"},
		{Settings{Module: "github.com/acme/tasks/"}, "is not a Go module path"},
		{Settings{Module: "https://github.com/acme/tasks"}, "is not a Go module path"},
		{Settings{Module: "a b"}, "is not a Go module path"},
		{Settings{Module: "../tasks"}, "is not a Go module path"},
		{Settings{Module: "commitment/tasks"}, "is another module's path"},
		{Settings{Module: "cmd"}, "is another module's path"},
		{Settings{Module: "net"}, "is another module's path"},
		{Settings{Module: "encoding/json"}, "is another module's path"},
		{Settings{Module: "github.com/acme/tasks/v1"}, "is not a Go module path"},
		{Settings{Module: "github.com/acme/Tasks"}, "is invalid"},
		{Settings{Module: "github.com/acme/tasks.io"}, "is invalid"},
		{Settings{Module: "github.com/acme/t"}, "is invalid"},
		{Settings{Module: "github.com/acme/tasks", Name: "task--list"}, "is invalid"},
		{Settings{Module: "github.com/acme/tasks", Name: "-tasks"}, "is invalid"},
		{Settings{Module: "github.com/acme/tasks", Name: strings.Repeat("x", maxName+1)}, "is invalid"},
		{Settings{Module: "github.com/acme/migrate"}, "is reserved"},
		{Settings{Module: "github.com/acme/user"}, "is reserved"},
		{Settings{Module: "github.com/acme/func"}, "is reserved"},
		{Settings{Module: "github.com/acme/db"}, "is reserved"},
		{Settings{Module: "github.com/acme/current-user"}, "is reserved"},
	} {
		if err := tt.settings.complete(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: error = %v, want %q", tt.settings, err, tt.want)
		}
	}
}

func TestNameComesFromTheModule(t *testing.T) {
	t.Parallel()
	for module, want := range map[string]string{
		"tasks": "tasks", "github.com/acme/tasks": "tasks", "github.com/acme/tasks/v2": "tasks", "github.com/acme/task-list": "task-list",
	} {
		s := Settings{Module: module}
		if err := s.complete(); err != nil || s.Name != want {
			t.Errorf("name of %s = %q, %v, want %q", module, s.Name, err, want)
		}
	}
}

func TestRename(t *testing.T) {
	t.Parallel()
	s := Settings{Module: "github.com/acme/task-list", Name: "task-list"}
	for text, want := range map[string]string{
		"module commitment\n":                      "module github.com/acme/task-list\n",
		"package commitment":                       "package tasklist",
		"// Package commitment is the root":        "// Package tasklist is the root",
		"import \"commitment/internal/schemakit\"": "import \"github.com/acme/task-list/internal/schemakit\"",
		"imports commitment/ent: not":              "imports github.com/acme/task-list/ent: not",
		"local-prefixes: [commitment]":             "local-prefixes: [github.com/acme/task-list]",
		"go run ./cmd/commitment serve":            "go run ./cmd/task-list serve",
		"cmd/commitment/main.go":                   "cmd/task-list/main.go",
		"/var/cache/commitment/postgres":           "/var/cache/task-list/postgres",
		"COMMITMENT_ENV=production":                "TASK_LIST_ENV=production",
		"data in .commitment/data":                 "data in .task-list/data",
		"commitment_retries_total 1":               "task_list_retries_total 1",
		"FROM commitment.schema_snapshots":         "FROM task_list.schema_snapshots",
		"CREATE SCHEMA IF NOT EXISTS commitment":   "CREATE SCHEMA IF NOT EXISTS task_list",
		"postgres://commitment@db/commitment":      "postgres://task-list@db/task-list",
		"Commitment is ready.":                     "Task list is ready.",
		"an answer is a commitment: a client":      "an answer is a promise: a client",
		"run commitment. Then":                     "run task-list. Then",
	} {
		got, err := s.rename(tree{"file": []byte(text)})
		if err != nil || string(got["file"]) != want {
			t.Errorf("rename(%q) = %q, %v, want %q", text, got["file"], err, want)
		}
	}
	if _, err := s.rename(tree{"a.go": []byte("package a\n\nvar commitmentName int\n")}); err == nil {
		t.Error("rename() of Go that becomes wrong: error = nil, want one")
	}
}
