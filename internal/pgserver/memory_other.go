//go:build unix && !linux

package pgserver

// memoryDir returns no directory.
func memoryDir() (dir string, ok bool) { return "", false }
