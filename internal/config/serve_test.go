package config_test

import (
	"strings"
	"testing"

	"commitment/internal/config"
)

func TestCheckServe(t *testing.T) {
	t.Parallel()
	const production = "COMMITMENT_ENV=production DATABASE_URL=postgres://h/d "
	for settings, want := range map[string]string{
		"":                              "",
		"AUTH=off":                      "",
		production:                      "AUTH_ISSUER: not set",
		production + "AUTH_ISSUER=none": "",
		production + "AUTH_ISSUER=https://login.example.com AUTH_AUDIENCE=a": "",
		production + "AUTH=off":               "say AUTH=off-in-production",
		production + "AUTH=off-in-production": "",
	} {
		c, err := config.Load(strings.Fields(settings))
		if err != nil {
			t.Fatal(err)
		}
		err = c.CheckServe()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("CheckServe() with %q = %v, want %q in it", settings, err, want)
		}
	}
}
