package cli

import (
	"runtime/debug"
	"testing"
)

func TestVersion(t *testing.T) {
	t.Parallel()
	info := &debug.BuildInfo{
		GoVersion: "go1.26.8",
		Main:      debug.Module{Path: "example.com/books", Version: "(devel)"},
		Settings:  []debug.BuildSetting{{Key: "GOOS", Value: "linux"}, {Key: "GOARCH", Value: "arm64"}},
	}
	if got, want := version(info), "example.com/books (devel), go1.26.8 linux/arm64"; got != want {
		t.Errorf("version() = %q, want %q", got, want)
	}
	info.Main.Version = "v1.2.0"
	info.Settings = append(info.Settings, debug.BuildSetting{Key: "vcs.revision", Value: "0155a5c"}, debug.BuildSetting{Key: "vcs.modified", Value: "true"})
	if got, want := version(info), "example.com/books v1.2.0, commit 0155a5c with changes, go1.26.8 linux/arm64"; got != want {
		t.Errorf("version() = %q, want %q", got, want)
	}
}
