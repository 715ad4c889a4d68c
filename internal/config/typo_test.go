package config_test

import (
	"testing"

	"commitment/internal/config"
)

func TestLoadRefusesNearMisses(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		// A letter is swapped, missing, added or replaced.
		"COMMITMENT_EVN":     "COMMITMENT_ENV",
		"COMMITMENT_EMV":     "COMMITMENT_ENV",
		"COMMITMENT_EN":      "COMMITMENT_ENV",
		"DATABSE_URL":        "DATABASE_URL",
		"DATABASE_URI":       "DATABASE_URL",
		"DATABASE_ULR":       "DATABASE_URL",
		"ADRR":               "ADDR",
		"ADR":                "ADDR",
		"DEBGU":              "DEBUG",
		"LOG_LEVL":           "LOG_LEVEL",
		"DB_LOCK_TIMEOUTS":   "DB_LOCK_TIMEOUT",
		"HTTP_MAX_BODY_BYTE": "HTTP_MAX_BODY_BYTES",
		"HTTP_COR_ORIGNS":    "HTTP_CORS_ORIGINS",
		"HTPP_READ_TIMEOUT":  "HTTP_READ_TIMEOUT",
		// The words are right, the separators are wrong.
		"LOGLEVEL":          "LOG_LEVEL",
		"DATABASEURL":       "DATABASE_URL",
		"DATABASE-URL":      "DATABASE_URL",
		"database_url":      "DATABASE_URL",
		"Debug":             "DEBUG",
		"COMMITMENTENV":     "COMMITMENT_ENV",
		"LOG.FORMAT":        "LOG_FORMAT",
		"HTTP_MAXBODYBYTES": "HTTP_MAX_BODY_BYTES",
		// The name has the program's prefix.
		"COMMITMENT_ADDR":         "ADDR",
		"COMMITMENT_DATABASE_URL": "DATABASE_URL",
		"COMMITMENT_LOGLEVEL":     "LOG_LEVEL",
		// A word is abbreviated, or spelled out.
		"COMMITMENT_ENVIRONMENT":  "COMMITMENT_ENV",
		"COMMITMENT_DATADIR":      "COMMITMENT_DATA_DIR",
		"DB_URL":                  "DATABASE_URL",
		"DB_MAX_OPEN_CONNECTIONS": "DB_MAX_OPEN_CONNS",
		"LOG_LVL":                 "LOG_LEVEL",
	} {
		_, err := config.Load([]string{name + "=x"})
		if want := name + ": unknown setting; did you mean " + want + "?"; err == nil || err.Error() != want {
			t.Errorf("Load() with %s = %v, want %s", name, err, want)
		}
	}
}
