package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"commitment/internal/config"
)

// secret is a part of each password; nothing may print it.
const secret = "hunter2"

func TestURLPrintsItsPublicParts(t *testing.T) {
	t.Parallel()
	for url, want := range map[config.URL]string{
		"": "",
		"postgres://u:hunter2@h:5433/d?sslmode=require":                  "host=h port=5433 user=u dbname=d",
		"postgres://u@a:1,b:2/d?password=hunter2&sslmode=prefer":         "host=a,b port=1,2 user=u dbname=d",
		"host=/run/postgresql port=1 user=u password='hunter2' dbname=d": "host=/run/postgresql port=1 user=u dbname=d",
		"postgres://u:1/hunter2@h/d":                                     "(not shown)",
		"postgres://u:x@hunter2@h/d":                                     "(not shown)",
		"mysql://u:hunter2@h/d":                                          "(not shown)",
	} {
		if got := url.String(); got != want {
			t.Errorf("String() of %q = %q, want %q", string(url), got, want)
		}
	}
}

func TestLoadRefusesURLsWithoutShowingThem(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"mysql://u:hunter2@h/d":                              "failed to parse as keyword/value",
		"hunter2":                                            "failed to parse as keyword/value",
		"host=h password='hunter2":                           "failed to parse as keyword/value",
		"postgres://u:a/hunter2@h/d":                         "invalid port",
		"postgres://u:x@hunter2@h/d":                         "write an @ in the password as %40",
		"postgres://u:hunter2%zz@h/d":                        "failed to parse as URL",
		"postgres://u:`: hunter2@h:x/d":                      "can't be parsed",
		"postgres://u:p@h/d?target_session_attrs=hunter2":    "unknown target_session_attrs value",
		"postgres://u:p@h/d?max_protocol_version=hunter2":    "invalid max_protocol_version",
		"postgres://u:p@h/d?default_query_exec_mode=hunter2": "invalid default_query_exec_mode",
		"postgres://u:p@h/d?default_query_exec_mode=exec":    "default_query_exec_mode=exec and simple_protocol aren't supported, use cache_describe",
		"postgres://u:hunter2@h/d?connect_timeout=soon":      "invalid connect_timeout",
	} {
		_, err := config.Load([]string{"DATABASE_URL=" + url})
		if err == nil {
			t.Errorf("Load() with %q = nil, want an error", url)
			continue
		}
		if got, _, _ := strings.Cut(err.Error(), ";"); got != "DATABASE_URL: "+want {
			t.Errorf("error for %q = %q, want %q", url, got, "DATABASE_URL: "+want)
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("error for %q shows the password: %v", url, err)
		}
	}
}

func TestConfigIsPrintedWithoutSecrets(t *testing.T) {
	t.Parallel()
	c, err := config.Load([]string{"DATABASE_URL=postgres://u:hunter2@h:1/d", "LOG_LEVEL=warn", "HTTP_MAX_BODY_BYTES=2048KiB"})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("config", "config", c)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("config", "config", c, "database", c.Database)
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	printed := []string{c.String(), log.String(), string(encoded)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		printed = append(printed, fmt.Sprintf(verb, c), fmt.Sprintf(verb, c.Database), fmt.Sprintf(verb, c.Database.URL))
	}
	for _, text := range printed {
		if strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret)) {
			t.Errorf("the password is shown:\n%s", text)
		}
	}
	for _, line := range []string{
		"COMMITMENT_ENV=development\n", "DATABASE_URL=host=h port=1 user=u dbname=d\n",
		"LOG_LEVEL=warn\n", "HTTP_MAX_BODY_BYTES=2MiB\n", "HTTP_SHUTDOWN_DELAY=0s\n",
	} {
		if !strings.Contains(c.String(), line) {
			t.Errorf("String() = %q, want a line %q", c, line)
		}
	}
	if want := `"DATABASE_URL":"host=h port=1 user=u dbname=d"`; !strings.Contains(log.String(), want) {
		t.Errorf("log = %s, want %s", log.String(), want)
	}
}
