package reqtx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// spool holds a body in memory up to a limit, and the rest in a temporary file. The
// file has no name, so it is gone at the latest when the process ends.
type spool struct {
	memory bytes.Buffer
	limit  int64
	file   *os.File
	size   int64 // of memory and file
}

// Write appends to the body.
func (s *spool) Write(p []byte) (int, error) {
	n, err := s.writer(len(p)).Write(p)
	s.size += int64(n)
	return n, err
}

// writer returns the writer for n more bytes.
func (s *spool) writer(n int) io.Writer {
	if s.file == nil && s.size+int64(n) <= s.limit {
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

// close releases the file.
func (s *spool) close() {
	if s.file != nil {
		_ = s.file.Close() // it has no name, so nothing is left
	}
}
