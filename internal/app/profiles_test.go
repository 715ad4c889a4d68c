package app

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestServeProfiles(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	server, err := serveProfiles(t.Context(), "127.0.0.1:0", slog.New(slog.NewTextHandler(&log, nil)))
	check(t, err)
	defer func() { check(t, server.Close()) }()
	base := regexp.MustCompile(`http://\S+/debug/pprof/`).FindString(log.String())
	for _, page := range []string{"", "heap", "goroutine?debug=1", "cmdline", "profile?seconds=1", "trace?seconds=1"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+page, http.NoBody)
		check(t, err)
		resp, err := http.DefaultTransport.RoundTrip(req)
		check(t, err)
		body, err := io.ReadAll(resp.Body)
		check(t, err)
		check(t, resp.Body.Close())
		if resp.StatusCode != http.StatusOK || len(body) == 0 {
			t.Errorf("GET %s = %d and %d bytes, want 200 and some", page, resp.StatusCode, len(body))
		}
	}
}

func TestProfilesAreOffByDefault(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	server, err := serveProfiles(t.Context(), load(t).PprofAddr, slog.New(slog.NewTextHandler(&log, nil)))
	check(t, err)
	check(t, server.Close())
	if log.Len() > 0 {
		t.Errorf("log = %q, want nothing", &log)
	}
	s := runService(t, nil, nil)
	defer s.stop()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/debug/pprof/", http.NoBody)
	check(t, err)
	resp, err := http.DefaultTransport.RoundTrip(req)
	check(t, err)
	check(t, resp.Body.Close())
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("GET /debug/pprof/ of the API = %d, want 404", resp.StatusCode)
	}
}

func TestServeProfilesNamesItsSetting(t *testing.T) {
	t.Parallel()
	occupied, err := listen(t.Context(), "ADDR", "127.0.0.1:0")
	check(t, err)
	defer func() { check(t, occupied.Close()) }()
	_, err = serveProfiles(t.Context(), occupied.Addr().String(), slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "set PPROF_ADDR to another address, such as PPROF_ADDR=") {
		t.Errorf("error = %v, want one that names PPROF_ADDR", err)
	}
}
