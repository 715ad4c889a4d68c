// For those who use the Atlas CLI beside `go run ./cmd/migrate`: the same
// directory, the same table of revisions, the same policy. Everything here is
// understood by Atlas's open-source builds.
//
//   atlas migrate status|apply|hash|validate|lint --env local
//
// There is no `src`: the entities are Go, which only the standard build of the
// CLI loads, and an open-source one refuses the scheme. Plan with
// `go run ./cmd/migrate diff NAME`, or with the standard build by
//
//   atlas migrate diff NAME --env local --to ent://ent/schema

variable "url" {
  type        = string
  default     = getenv("DATABASE_URL")
  description = "the database that is migrated"
}

variable "dev_url" {
  type        = string
  default     = getenv("ATLAS_DEV_URL")
  description = "an empty database for replays, with search_path=public; its contents are removed"
}

env "local" {
  url = var.url
  dev = var.dev_url

  migration {
    dir = "file://ent/migrate/migrations"
    // Without a search_path in the URL the CLI would keep its revisions in a
    // schema of their own, and find nothing applied.
    revisions_schema = "public"
  }

  lint {
    destructive {
      error = true
    }
  }
}
