package atlasfile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/migrator/atlasfile"
)

const project = `
variable "schema" {
  type    = string
  default = "ent/schema"
}

variable "token" {
  type = string
}

locals {
  url = getenv("URL")
}

data "remote_dir" "registry" {
  name = "app"
}

docker "postgres" "dev" {
  image    = "postgres:17"
  baseline = file("roles.sql")
}

env "dev" {
  src     = "ent://${var.schema}"
  url     = local.url
  dev     = docker.postgres.dev.url
  exclude = ["cron_*", "shared"]
  migration {
    dir    = "file://migrations"
    format = goose
  }
}

env "cloud" {
  src = ["file://schema.sql", "file://${atlas.env}.sql"]
  url = "postgres://${var.token}@db/app"
  migration {
    dir = data.remote_dir.registry.url
  }
}

env {
  url = "postgres://db/${atlas.env}"
}
`

func TestRead(t *testing.T) {
	t.Parallel()
	path := write(t, strings.ReplaceAll(project, "= goose", `= "goose"`))
	for name, want := range map[string]atlasfile.Env{
		"": {
			Name: "dev", URL: "postgres://db/app", Dev: "docker://postgres", Dir: "file://migrations", Format: "goose",
			Schemas: []string{"ent://ent/schema"}, Exclude: []string{"cron_*", "shared"}, Baseline: "CREATE ROLE app;\n",
		},
		"cloud": {Name: "cloud", Schemas: []string{"file://schema.sql", "file://cloud.sql"}},
		"stage": {Name: "stage", URL: "postgres://db/stage"},
	} {
		got, err := atlasfile.Read(path, name, []string{"OTHER=x", "URL=postgres://db/app"})
		if err != nil {
			t.Errorf("env %q: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("env %q (-want +got):\n%s", name, diff)
		}
	}
}

func TestReadPrefersTheEnvCalledLocal(t *testing.T) {
	t.Parallel()
	path := write(t, `env "prod" {}`+"\n"+`env "local" {}`)
	if got, err := atlasfile.Read(path, "", nil); err != nil || got.Name != "local" {
		t.Errorf("env = %q, %v, want local", got.Name, err)
	}
	path = write(t, `lint {}`)
	if got, err := atlasfile.Read(path, "", nil); err != nil || got.Name != "" {
		t.Errorf("env without any = %q, %v, want none", got.Name, err)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ content, env, want string }{
		"an env that isn't there":        {`env "dev" {}`, "prod", `has no env "prod"`},
		"what isn't HCL":                 {`env {`, "", "atlas.hcl:1"},
		"a value that can't be computed": {"env \"dev\" {\n  url = nothing.there\n}", "", "atlas.hcl:2"},
		"a value that is no text":        {"env \"dev\" {\n  url = {a = 1}\n}", "", "url"},
	} {
		_, err := atlasfile.Read(write(t, tt.content), tt.env, nil)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error = %v, want one with %q", name, err, tt.want)
		}
	}
}

func write(t *testing.T, content string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{atlasfile.Name: content, "roles.sql": "CREATE ROLE app;\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, atlasfile.Name)
}
