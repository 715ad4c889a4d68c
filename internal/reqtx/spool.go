package reqtx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
	"sync/atomic"
)

// spool holds a body in memory up to a limit, and the rest in a temporary file. The
// file has no name, so it is gone at the latest when the process ends.
type spool struct {
	memory   bytes.Buffer
	limit    int64
	shared   *sharedMemory // nil for no limit of all spools together
	reserved int64         // of shared
	file     *os.File
	size     int64 // of memory and file
}

// uncounted is how much of a body is held without asking for shared memory. Most bodies
// are smaller.
const uncounted = 4 << 10

// sharedMemory is the memory of all spools together.
type sharedMemory struct {
	limit int64
	used  atomic.Int64
}

// reserve takes n more bytes, if they are left.
func (m *sharedMemory) reserve(n int64) bool {
	if m == nil {
		return true
	}
	if m.used.Add(n) > m.limit {
		m.release(n)
		return false
	}
	return true
}

func (m *sharedMemory) release(n int64) {
	if m != nil {
		m.used.Add(-n)
	}
}

// Write appends to the body.
func (s *spool) Write(p []byte) (int, error) {
	n, err := s.writer(len(p)).Write(p)
	s.size += int64(n)
	return n, err
}

// writer returns the writer for n more bytes.
func (s *spool) writer(n int) io.Writer {
	if s.file == nil && s.grow(s.size+int64(n)) {
		return &s.memory
	}
	if s.file == nil {
		file, err := createUnlinked()
		if err != nil {
			return errWriter{err}
		}
		s.file = file
	}
	return s.file
}

// grow makes room in memory for a body of that size, and reports whether it may. The room
// doubles, and what is reserved is all of it.
func (s *spool) grow(size int64) bool {
	switch {
	case size > s.limit:
		return false
	case size <= max(s.reserved, uncounted):
		return true
	}
	room := int64(1) << bits.Len64(uint64(size-1)) //nolint:gosec // sizes are positive
	if !s.shared.reserve(room - s.reserved) {
		return false
	}
	s.reserved = room
	s.memory.Grow(int(room) - s.memory.Len())
	return true
}

// errWriter is a writer that always fails.
type errWriter struct{ err error }

func (f errWriter) Write([]byte) (int, error) { return 0, f.err }

// createUnlinked creates a temporary file and removes its name.
func createUnlinked() (*os.File, error) {
	file, err := os.CreateTemp("", "response-*")
	if err != nil {
		return nil, fmt.Errorf("hold the response in a temporary file: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// WriteTo writes the whole body to w.
func (s *spool) WriteTo(w io.Writer) (int64, error) {
	written, err := w.Write(s.memory.Bytes())
	n := int64(written)
	if err != nil || s.file == nil {
		return n, err
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return n, err
	}
	more, err := io.Copy(w, s.file)
	return n + more, err
}

// close releases the memory and the file.
func (s *spool) close() {
	s.shared.release(s.reserved)
	s.reserved = 0
	if s.file != nil {
		_ = s.file.Close() // it has no name, so nothing is left
	}
}
