package schema

import (
	_ "embed" // jobs.sql

	"commitment/internal/schemakit"
)

// jobs are the tables of River, in which package jobs keeps durable jobs. They are those
// of River's migrations, which a test compares; docs/jobs.md says how to upgrade them.
var jobs = schemakit.Object{Name: "jobs", Up: createJobs, Down: dropJobs}

//go:embed jobs.sql
var createJobs string

const dropJobs = `DROP TABLE "river_queue";
DROP TABLE "river_notification";
DROP TABLE "river_leader";
DROP TABLE "river_job";
DROP FUNCTION "river_job_state_in_bitmask"(bit, "river_job_state");
DROP TYPE "river_job_state";
`
