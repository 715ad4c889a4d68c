package pgserver

import "golang.org/x/sys/unix"

// memoryDir returns a directory in memory, if there is one that may be written to and
// has 4 GiB of room: a container's may have 64 MiB, and test databases take half a GiB.
func memoryDir() (dir string, ok bool) {
	const path, room = "/dev/shm", 4 << 30
	var fs unix.Statfs_t
	if unix.Statfs(path, &fs) != nil || unix.Access(path, unix.W_OK) != nil {
		return "", false
	}
	return path, fs.Bavail*uint64(fs.Bsize) >= room //nolint:gosec // a size is never negative
}
