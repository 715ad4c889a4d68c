package pgserver

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// repository serves an archive of the installed programs, as the repository of
// the binaries does, and counts how often it is fetched.
func repository(t *testing.T) (url string, fetched *atomic.Int32) {
	t.Helper()
	jar := jarOf(t, linksTo(needPrograms(t)))
	sum := sha256.Sum256(jar)
	return serveArchive(t, jar, hex.EncodeToString(sum[:]))
}

func serveArchive(t *testing.T, jar []byte, checksum string) (url string, fetched *atomic.Int32) {
	t.Helper()
	fetched = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch filepath.Ext(r.URL.Path) {
		case ".jar":
			fetched.Add(1)
			_, _ = w.Write(jar)
		case ".sha256":
			_, _ = io.WriteString(w, checksum)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, fetched
}

// linksTo returns links to installed programs, which look for the rest of
// PostgreSQL beside themselves.
func linksTo(programs Programs) []tar.Header {
	var links []tar.Header
	for _, name := range []string{"initdb", "pg_ctl", "postgres"} {
		links = append(links, tar.Header{Typeflag: tar.TypeSymlink, Name: "./bin/" + name, Linkname: filepath.Join(programs.Dir, name)})
	}
	return links
}

// jarOf returns a zip with an xz-compressed tar in it.
func jarOf(t *testing.T, headers []tar.Header) []byte {
	t.Helper()
	var archive bytes.Buffer
	files := tar.NewWriter(&archive)
	for _, header := range headers {
		check(t, files.WriteHeader(&header))
	}
	check(t, files.Close())
	compress := exec.Command("xz", "--stdout")
	compress.Stdin = &archive
	compressed, err := compress.Output()
	if err != nil {
		t.Skipf("make an archive: %v", err)
	}
	var jar bytes.Buffer
	entries := zip.NewWriter(&jar)
	entry, err := entries.Create("postgres.txz")
	check(t, err)
	_, err = entry.Write(compressed)
	check(t, err)
	check(t, entries.Close())
	return jar.Bytes()
}

func silent(string, ...any) {}

func TestFetch(t *testing.T) {
	t.Parallel()
	url, fetched := repository(t)
	s := source{cache: filepath.Join(reachableDir(t), "cache"), repository: url}

	t.Run("downloads once for concurrent callers", func(t *testing.T) {
		errs := make(chan error)
		for range 3 {
			go func() {
				_, err := s.findOrFetch(t.Context(), 0, silent)
				errs <- err
			}()
		}
		for range 3 {
			check(t, <-errs)
		}
		if got := fetched.Load(); got != 1 {
			t.Errorf("fetched %d times, want 1", got)
		}
		if left, _ := filepath.Glob(filepath.Join(s.cache, "fetching*")); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
	})
	t.Run("returns programs that start a server", func(t *testing.T) {
		programs, err := s.findOrFetch(t.Context(), 0, silent)
		check(t, err)
		if want := filepath.Join(s.cache, fetchedVersion, "bin"); programs.Dir != want {
			t.Errorf("directory = %s, want %s", programs.Dir, want)
		}
		server := start(t, Options{BinDir: programs.Dir})
		if got := query(t, server.URL("postgres"), "SELECT 'fetched'"); got != "fetched" {
			t.Errorf("result = %q, want fetched", got)
		}
	})
	t.Run("replaces a broken cache", func(t *testing.T) {
		check(t, os.Remove(filepath.Join(s.cache, fetchedVersion, "bin", "initdb")))
		check(t, os.MkdirAll(filepath.Join(s.cache, "fetching", "programs", "bin"), 0o755))
		_, err := s.findOrFetch(t.Context(), 0, silent)
		check(t, err)
	})
}

func TestFetchFails(t *testing.T) {
	t.Parallel()
	t.Run("says what to install when the repository can't be reached", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewServer(http.NotFoundHandler())
		server.Close()
		_, err := source{cache: t.TempDir(), repository: server.URL}.findOrFetch(t.Context(), 0, silent)
		wantNotFound(t, err, server.URL, fetchedVersion, "apt install")
	})
	t.Run("says what to install when the repository doesn't have it", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewServer(http.NotFoundHandler())
		defer server.Close()
		cache := t.TempDir()
		_, err := source{cache: cache, repository: server.URL}.findOrFetch(t.Context(), 0, silent)
		wantNotFound(t, err, fetchedVersion, "apt install")
		if exists(filepath.Join(cache, fetchedVersion)) {
			t.Error("something was put into the cache")
		}
	})
	t.Run("rejects a wrong checksum", func(t *testing.T) {
		t.Parallel()
		cache := t.TempDir()
		url, _ := serveArchive(t, []byte("tampered with"), strings.Repeat("0", 64))
		_, err := source{cache: cache, repository: url}.findOrFetch(t.Context(), 0, silent)
		wantNotFound(t, err, "SHA-256", strings.Repeat("0", 64))
		if exists(filepath.Join(cache, fetchedVersion)) {
			t.Error("something was put into the cache")
		}
	})
	for name, header := range map[string]tar.Header{
		"outside of its directory": {Typeflag: tar.TypeReg, Name: "../../../outside", Mode: 0o644},
		"at an absolute path":      {Typeflag: tar.TypeReg, Name: "/outside", Mode: 0o644},
		"by way of its own link":   {Typeflag: tar.TypeReg, Name: "bin/out/outside", Mode: 0o644},
	} {
		t.Run("writes no file "+name, func(t *testing.T) {
			t.Parallel()
			base := t.TempDir()
			headers := []tar.Header{{Typeflag: tar.TypeSymlink, Name: "bin/out", Linkname: base}, header}
			jar := jarOf(t, headers)
			sum := sha256.Sum256(jar)
			url, _ := serveArchive(t, jar, hex.EncodeToString(sum[:]))
			_, err := source{cache: filepath.Join(base, "cache"), repository: url}.findOrFetch(t.Context(), 0, silent)
			wantNotFound(t, err, "unpack", "escapes")
			if exists(filepath.Join(base, "outside")) {
				t.Error("the file was written")
			}
		})
	}
	t.Run("stops waiting when it is canceled", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		goOn := make(chan struct{})
		server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			cancel()
			<-goOn
		}))
		cache := t.TempDir()
		_, err := source{cache: cache, repository: server.URL}.findOrFetch(ctx, 0, silent)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v, want it to be canceled", err)
		}
		close(goOn)
		server.Close()
		lock, err := tryLock(filepath.Join(cache, "lock"))
		check(t, err)
		check(t, lock.Close())
	})
	t.Run("needs a cache directory", func(t *testing.T) {
		t.Parallel()
		_, err := source{}.findOrFetch(t.Context(), 0, silent)
		if err == nil || !strings.Contains(err.Error(), "cache directory") {
			t.Errorf("error = %v, want one about the cache directory", err)
		}
	})
}
