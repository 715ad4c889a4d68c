package pgtx

import (
	"errors"
	"io"
)

// network is the stream to the server, with its errors marked.
type network struct {
	in  io.Reader
	out io.Writer
}

// Read reads what the server sends.
func (n network) Read(p []byte) (int, error) {
	count, err := n.in.Read(p)
	return count, lost(err)
}

// Write sends to the server.
func (n network) Write(p []byte) (int, error) {
	count, err := n.out.Write(p)
	return count, lost(err)
}

// lost marks an error of the network; nil stays nil.
func lost(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // pgx has that for a server that leaves without a word
	}
	return &ConnectionError{err}
}
