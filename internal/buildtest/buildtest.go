// Package buildtest is for tests that compile modules of their own: it gives them folders
// in which Go's build cache serves.
package buildtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Dir returns an empty folder, removed when the test ends. Unlike [testing.T.TempDir] it
// has the same name in every run: the go command compiles a package again when its folder
// has another name. The flag -trimpath would change that, but what other packages were
// compiled without it, those of the standard library included, wouldn't serve then. While
// another run of the test has the folder, this one gets one with another number.
func Dir(tb testing.TB) string {
	tb.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		return tb.TempDir()
	}
	pkg, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	parent := filepath.Join(cache, "commitment", "buildtest", filepath.Base(pkg), strings.ReplaceAll(tb.Name(), "/", "-"))
	if err := os.MkdirAll(parent, 0o750); err != nil {
		tb.Fatal(err)
	}
	for number := 1; ; number++ {
		dir := filepath.Join(parent, fmt.Sprint(number))
		unlock, err := lock(dir + ".lock")
		if errors.Is(err, unix.EWOULDBLOCK) {
			continue
		}
		if err == nil {
			err = errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o750)) // a killed run has left it
		}
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() {
			if err := errors.Join(os.RemoveAll(dir), unlock()); err != nil {
				tb.Error(err)
			}
		})
		return dir
	}
}

// lock locks a file until unlock, or until the process ends.
func lock(name string) (unlock func() error, err error) {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file.Close, nil
}
