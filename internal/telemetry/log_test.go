package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/telemetry"
)

type key struct{}

// fromContext is what a logger may be given.
func fromContext(ctx context.Context) []slog.Attr {
	if id, ok := ctx.Value(key{}).(string); ok {
		return []slog.Attr{slog.String("request_id", id)}
	}
	return nil
}

// records are the lines of a JSON log, without the time.
func records(t *testing.T, log *bytes.Buffer) []map[string]any {
	t.Helper()
	var found []map[string]any
	for line := range bytes.Lines(log.Bytes()) {
		var record map[string]any
		if err := json.Unmarshal(line, &record); err != nil {
			t.Fatalf("log line %s: %v", line, err)
		}
		delete(record, "time")
		found = append(found, record)
	}
	return found
}

func TestLoggerCarriesTheContext(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := telemetry.NewLogger(&out, telemetry.JSON, slog.LevelInfo, fromContext)
	ctx := context.WithValue(t.Context(), key{}, "r1")
	log.InfoContext(ctx, "one", "duration", 1500*time.Millisecond)
	log.With("part", "pool").WarnContext(ctx, "two")
	log.WithGroup("g").InfoContext(ctx, "three")
	log.InfoContext(t.Context(), "four")
	log.DebugContext(ctx, "five")
	want := []map[string]any{
		{"level": "INFO", "msg": "one", "duration": 1.5, "request_id": "r1"},
		{"level": "WARN", "msg": "two", "part": "pool", "request_id": "r1"},
		{"level": "INFO", "msg": "three", "g": map[string]any{"request_id": "r1"}},
		{"level": "INFO", "msg": "four"},
	}
	if diff := cmp.Diff(want, records(t, &out)); diff != "" {
		t.Errorf("log differs (-want +got):\n%s", diff)
	}
}

func TestLoggerWritesText(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	telemetry.NewLogger(&out, telemetry.Text, slog.LevelDebug, nil).DebugContext(t.Context(), "one", "duration", time.Second)
	if want := `level=DEBUG msg=one duration=1s`; !strings.Contains(out.String(), want) {
		t.Errorf("log = %s, want %s", out.String(), want)
	}
}

func TestLoggerKeepsTheRulesOfHandlers(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := telemetry.NewLogger(&out, telemetry.JSON, slog.LevelInfo, fromContext)
	err := slogtest.TestHandler(log.Handler(), func() []map[string]any {
		var found []map[string]any
		for line := range bytes.Lines(out.Bytes()) {
			var record map[string]any
			if err := json.Unmarshal(line, &record); err != nil {
				t.Fatal(err)
			}
			found = append(found, record)
		}
		return found
	})
	if err != nil {
		t.Error(err)
	}
}

func TestFormatOfAFileIsJSON(t *testing.T) {
	t.Parallel()
	f, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	if got := telemetry.FormatFor(f); got != telemetry.JSON {
		t.Errorf("Format() = %q, want json", got)
	}
}
