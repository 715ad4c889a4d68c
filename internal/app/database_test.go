package app

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"commitment/internal/config"
	"commitment/internal/pgtest"
)

// load returns the configuration of an environment.
func load(t *testing.T, environ ...string) config.Config {
	t.Helper()
	cfg, err := config.Load(append([]string{"COMMITMENT_DATA_DIR=" + t.TempDir()}, environ...))
	check(t, err)
	return cfg
}

func TestConfiguredDatabase(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	const url = "postgres://app:secret@db.example:5433/books?sslmode=require"
	d, err := OpenDatabase(t.Context(), load(t, "DATABASE_URL="+url, "COMMITMENT_DATA_DIR="+dir), func(line string) {
		t.Errorf("progress: %s, want none", line)
	})
	check(t, err)
	if d.URL != url {
		t.Errorf("URL = %s, want %s", d.URL, url)
	}
	if d.Done() != nil {
		t.Error("Done() is a channel, want nil: nobody knows when that server ends")
	}
	if got := d.String(); strings.Contains(got, "secret") || !strings.Contains(got, "db.example") {
		t.Errorf("String() = %q, want the host and no password", got)
	}
	check(t, d.Close())
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("stat data directory: %v, want none", err)
	}
}

func TestDatabaseOnAPrivateServer(t *testing.T) {
	t.Parallel()
	programs := pgtest.Programs(t)
	dir := pgtest.ReachableDir(t)
	var progress []string
	d, err := OpenDatabase(t.Context(), load(t, "COMMITMENT_DATA_DIR="+dir, "COMMITMENT_POSTGRES_BIN="+programs.Dir),
		func(line string) { progress = append(progress, line) })
	check(t, err)
	defer func() { check(t, d.Close()) }()
	if len(progress) == 0 {
		t.Error("progress = none, want some")
	}
	pool, err := d.Connect(t.Context())
	check(t, err)
	defer func() { check(t, pool.Close()) }()
	var name string
	check(t, pool.QueryRowContext(t.Context(), "SELECT current_database()").Scan(&name))
	if name != databaseName {
		t.Errorf("database = %s, want %s", name, databaseName)
	}
	check(t, createDatabase(t.Context(), d.server)) // as on every start but the first
	for _, want := range []string{programs.Version, dir} {
		if got := d.String(); !strings.Contains(got, want) {
			t.Errorf("String() = %q, want %q in it", got, want)
		}
	}
	check(t, d.server.Stop(context.Background()))
	<-d.Done()
}

func TestDatabaseInAnUnwritableDirectory(t *testing.T) {
	t.Parallel()
	pgtest.Programs(t)
	file := filepath.Join(t.TempDir(), "file")
	check(t, os.WriteFile(file, nil, 0o600))
	for _, dir := range []string{file, filepath.Join(file, "below"), "/proc/commitment"} {
		_, err := OpenDatabase(t.Context(), load(t, "COMMITMENT_DATA_DIR="+dir), func(string) {})
		wantError(t, err, "set COMMITMENT_DATA_DIR to a writable directory")
		wantError(t, err, dir)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the existing file is gone: %v", err)
	}
}
