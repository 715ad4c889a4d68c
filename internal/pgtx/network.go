package pgtx

import (
	"errors"
	"io"
)

// network is the stream to the server. Its errors are connection errors.
type network struct {
	in  io.Reader
	out io.Writer
}

// Read reads from the server.
func (n network) Read(p []byte) (int, error) {
	count, err := n.in.Read(p)
	return count, connectionError(err)
}

// Write writes to the server.
func (n network) Write(p []byte) (int, error) {
	count, err := n.out.Write(p)
	return count, connectionError(err)
}

// connectionError returns err as a [ConnectionError]; nil stays nil.
func connectionError(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // as pgx has it when the server closes the connection
	}
	return &ConnectionError{err}
}
