// Package migratortest is for tests of the development tool: a git that takes no notice
// of how the machine is configured, and the tests' server as one for throwaway databases.
package migratortest

import (
	"os"
	"os/exec"
	"testing"

	"commitment/internal/migrator/dev"
	"commitment/internal/pgtest"
)

// GitEnv lets git commit, whatever is configured on the machine.
func GitEnv() []string {
	return []string{
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com",
	}
}

// Git runs git in a folder.
func Git(tb testing.TB, dir string, args ...string) {
	tb.Helper()
	if out, err := TryGit(tb, dir, args...); err != nil {
		tb.Fatalf("git %s: %v\n%s", args, err, out)
	}
}

// TryGit runs git in a folder, and returns what it prints.
func TryGit(tb testing.TB, dir string, args ...string) (string, error) {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), GitEnv()...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Server is the tests' server, as one for throwaway databases.
func Server(tb testing.TB) *dev.Server {
	tb.Helper()
	s, err := dev.Open(tb.Context(), pgtest.ServerURL(tb))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close dev server: %v", err)
		}
	})
	return s
}
