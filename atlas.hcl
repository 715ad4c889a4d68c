// For using the Atlas CLI beside `go run ./cmd/migrate`, with the same directory,
// table of revisions and policy. Atlas's open-source builds understand all of it.
//
//   atlas migrate status|apply|hash|validate|lint --env local
//
// There is no `src`, because only the standard build of the CLI can load entities
// declared in Go; an open-source build rejects the scheme. Plan with
// `go run ./cmd/migrate diff NAME`, or with the standard build:
//
//   atlas migrate diff NAME --env local --to ent://ent/schema

variable "url" {
  type        = string
  default     = getenv("DATABASE_URL")
  description = "the database to migrate"
}

variable "dev_url" {
  type        = string
  default     = getenv("ATLAS_DEV_URL")
  description = "an empty database for replays, with search_path=public; its contents are deleted"
}

env "local" {
  url = var.url
  dev = var.dev_url

  migration {
    dir = "file://ent/migrate/migrations"
    // Without a search_path in the URL, the CLI would keep its revisions in a
    // schema of its own, and find nothing applied.
    revisions_schema = "public"
  }

  lint {
    destructive {
      error = true
    }
  }
}
