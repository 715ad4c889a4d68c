package pgserver

import (
	"archive/tar"
	"archive/zip"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/xi2/xz"
)

// mavenCentral has PostgreSQL's programs, built by the project
// zonkyio/embedded-postgres-binaries.
const mavenCentral = "https://repo1.maven.org/maven2"

// fetchTimeout limits a download, which has about 15 MB.
const fetchTimeout = 15 * time.Minute

// maxChecksum is the maximum size of a checksum file, in bytes.
const maxChecksum = 1 << 10

// archiveURL returns the URL of the programs for this system.
func (s source) archiveURL() string {
	platform := runtime.GOOS + "-" + runtime.GOARCH
	if runtime.GOARCH == "arm64" {
		platform += "v8"
	}
	if _, err := os.Stat("/etc/alpine-release"); err == nil {
		platform += "-alpine"
	}
	name := "embedded-postgres-binaries-" + platform
	return fmt.Sprintf("%s/io/zonky/test/postgres/%s/%s/%s-%s.jar",
		cmp.Or(s.repository, mavenCentral), name, fetchedVersion, name, fetchedVersion)
}

// getArchive downloads url to a file, and verifies the checksum that the repository has
// for it.
func getArchive(ctx context.Context, url, file string) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := sha256.New()
	if err := get(ctx, url, io.MultiWriter(f, sum), -1); err != nil {
		return err
	}
	var want strings.Builder
	if err := get(ctx, url+".sha256", &want, maxChecksum); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != strings.TrimSpace(want.String()) {
		return fmt.Errorf("the SHA-256 of %s is %s, want %s", url, got, strings.TrimSpace(want.String()))
	}
	return nil
}

// get writes the body of url to w, at most limit bytes unless that is negative.
func get(ctx context.Context, url string, w io.Writer, limit int64) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Timeout: fetchTimeout}).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", url, resp.Status)
	}
	body := io.Reader(resp.Body)
	if limit >= 0 {
		body = io.LimitReader(body, limit)
	}
	if _, err := io.Copy(w, body); err != nil {
		return fmt.Errorf("GET %s: %w", url, err)
	}
	return nil
}

// unpack extracts the tar.xz in a jar into a directory.
func unpack(ctx context.Context, jar, dir string) error {
	entries, err := zip.OpenReader(jar)
	if err != nil {
		return err
	}
	defer func() { _ = entries.Close() }() // read-only
	i := slices.IndexFunc(entries.File, func(entry *zip.File) bool { return path.Ext(entry.Name) == ".txz" })
	if i < 0 {
		return errors.New("no .txz in the archive")
	}
	compressed, err := entries.File[i].Open()
	if err != nil {
		return err
	}
	defer compressed.Close()
	content, err := xz.NewReader(compressed, 0)
	if err != nil {
		return err
	}
	return untar(ctx, tar.NewReader(content), dir)
}

// untar writes the files and links of an archive into a directory, and nothing outside
// of it.
func untar(ctx context.Context, archive *tar.Reader, dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // extract closes each file
	for ctx.Err() == nil {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := extract(root, header, archive); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

func extract(root *os.Root, header *tar.Header, content io.Reader) (err error) {
	name := path.Clean(header.Name)
	if header.Typeflag == tar.TypeDir {
		return root.MkdirAll(name, 0o755)
	}
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	switch header.Typeflag {
	case tar.TypeSymlink:
		return root.Symlink(header.Linkname, name)
	case tar.TypeReg:
		f, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, header.FileInfo().Mode().Perm())
		if err != nil {
			return err
		}
		_, err = io.Copy(f, content)
		return errors.Join(err, f.Close())
	}
	return nil
}
