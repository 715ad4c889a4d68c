package config_test

import (
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"commitment/internal/config"
)

// variable matches an environment variable of kubernetes.yaml that has a literal value.
var variable = regexp.MustCompile(`\{name: ([A-Z_]+), value: "?([^"}]*)"?\}`)

// TestKubernetesWaitsForTheService keeps the manifest and the settings consistent.
func TestKubernetesWaitsForTheService(t *testing.T) {
	t.Parallel()
	manifest, err := os.ReadFile("../../kubernetes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	environ := []string{"COMMITMENT_ENV=production", "DATABASE_URL=postgres://app@db/app"}
	for _, match := range variable.FindAllSubmatch(manifest, -1) {
		environ = append(environ, string(match[1])+"="+string(match[2]))
	}
	c, err := config.Load(environ)
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`terminationGracePeriodSeconds: (\d+)`).FindSubmatch(manifest)
	if match == nil {
		t.Fatal("kubernetes.yaml has no terminationGracePeriodSeconds")
	}
	seconds, err := strconv.Atoi(string(match[1]))
	if err != nil {
		t.Fatal(err)
	}
	grace, shutdown := time.Duration(seconds)*time.Second, c.HTTP.ShutdownDelay+c.HTTP.ShutdownTimeout
	if grace < shutdown+5*time.Second || c.HTTP.ShutdownDelay == 0 {
		t.Errorf("the pod is killed after %v, want at least five seconds more than the shutdown's %v, with a delay", grace, shutdown)
	}
}

// TestDeploymentsMigrateInPhases keeps what expands before the new code, and what
// contracts behind it.
func TestDeploymentsMigrateInPhases(t *testing.T) {
	t.Parallel()
	for file, order := range map[string]*regexp.Regexp{
		"kubernetes.yaml": regexp.MustCompile(`(?s)--phase, expand\].*\n  suspend: true\n.*--phase, contract\]`),
		"compose.yaml":    regexp.MustCompile(`(?s)--phase, expand\].*\n  api:\n.*--phase, contract\].*api:\n        condition: service_healthy`),
	} {
		text, err := os.ReadFile("../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		if !order.Match(text) {
			t.Errorf("%s doesn't match %s", file, order)
		}
	}
}
