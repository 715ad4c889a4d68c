package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/config"
)

func TestReplicas(t *testing.T) {
	t.Parallel()
	first, second := strings.Repeat("x", 32), strings.Repeat("y", 33)
	c, err := config.Load([]string{
		"DATABASE_REPLICA_URLS=postgres://u:hunter2@h,g/d?options=-c%20x%3D1,postgresql://i/d  postgres://u:hunter2@j:5433/d",
		"REPLICA_TOKEN_KEY=" + first + "," + second,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := config.URLs{"postgres://u:hunter2@h,g/d?options=-c%20x%3D1", "postgresql://i/d", "postgres://u:hunter2@j:5433/d"}
	if diff := cmp.Diff(fmt.Sprintf("%q", []string{string(want[0]), string(want[1]), string(want[2])}), fmt.Sprintf("%q", urls(c.Database.ReplicaURLs))); diff != "" {
		t.Errorf("URLs (-want +got):\n%s", diff)
	}
	if got := c.Database.TokenKeys; len(got) != 2 || got[0] != first || got[1] != second {
		t.Errorf("keys = %d, want the two", len(got))
	}
	if got := c.Database.ReplicaURLs[2].Server(); got != "j:5433" {
		t.Errorf("server = %s, want j:5433", got)
	}
	text := fmt.Sprintf("%v %+v %s", c, c.Database, c)
	for _, secret := range []string{"hunter2", first, second} {
		if strings.Contains(text, secret) {
			t.Errorf("the printed configuration shows %s", secret)
		}
	}
}

func urls(all config.URLs) (texts []string) {
	for _, u := range all {
		texts = append(texts, string(u))
	}
	return texts
}

func TestReplicasAreRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		environ []string
		want    string
	}{
		{"with invalid URLs and short keys", []string{"DATABASE_REPLICA_URLS=postgres://u:hunter2@h:port/d", "REPLICA_TOKEN_KEY=hunter2"},
			`REPLICA_TOKEN_KEY="(not shown)": want keys of at least 32 characters, separated by commas (the value isn't shown)
DATABASE_REPLICA_URLS: URL 1: invalid port; want postgres://user:password@host:5432/database (the value isn't shown)`},
		{"in a list that doesn't begin with a URL", []string{"DATABASE_REPLICA_URLS=hunter2,postgres://h/d"},
			`DATABASE_REPLICA_URLS="(not shown)": want postgres:// URLs, separated by commas or spaces (the value isn't shown)`},
		{"in production without a key", []string{"COMMITMENT_ENV=production", "DATABASE_URL=postgres://h/d", "DATABASE_REPLICA_URLS=postgres://i/d"},
			`REPLICA_TOKEN_KEY: not set; with DATABASE_REPLICA_URLS, all processes of a production sign by the same key`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(tt.environ)
			if err == nil {
				t.Fatal("Load() = nil, want an error")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("error differs (-want +got):\n%s", diff)
			}
		})
	}
}
