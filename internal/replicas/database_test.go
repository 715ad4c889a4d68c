package replicas_test

import (
	"strings"
	"testing"

	"commitment/internal/pgtest"
	"commitment/internal/pgtest/replica"
	"commitment/internal/replicas"
)

// TestAReplicaOfAnotherDatabaseIsLeftOut has URLs that lead to a replica of the primary,
// to another database there, and to a replica of another cluster on the same timeline.
func TestAReplicaOfAnotherDatabaseIsLeftOut(t *testing.T) {
	t.Parallel()
	ours, theirs := replica.Start(t, 1), replica.Start(t, 1)
	ours.Primary.AwaitReplay(ours.Replicas[0])
	var all []*replicas.Replica
	for name, url := range map[string]string{
		"ours":             ours.Replicas[0].Owner,
		"another database": ours.Replicas[0].URL("postgres"),
		"another cluster":  theirs.Replicas[0].Owner,
		"the primary":      ours.Primary.Owner,
	} {
		pool := pgtest.Open(t, url)
		all = append(all, &replicas.Replica{Name: name, Pool: pool, Probe: pool})
	}
	set := replicas.New(pgtest.Open(t, ours.Primary.Owner), all, replicas.Options{})
	err := set.Check(t.Context())
	for _, want := range []string{
		"replica another database: it is a replica of another database", "replica another cluster: it is a replica of another database",
		"replica the primary: the server isn't a standby",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Check() = %v, want %q", err, want)
		}
	}
	for _, s := range set.Status() {
		if want := s.Name == "ours"; s.Up != want {
			t.Errorf("%s serves = %v, want %v: %s", s.Name, s.Up, want, s.Reason)
		}
	}
}
