package reqtx

import (
	"errors"
	"io"
)

// replay is a request's body that keeps what was read of it, so that it can be
// read again from the start.
type replay struct {
	source io.ReadCloser
	limit  int64
	kept   []byte
	next   int   // where in kept to go on reading
	err    error // how the source ended
	lost   bool  // more was read than is kept
}

// Read reads what is kept, and then the source.
func (b *replay) Read(p []byte) (int, error) {
	if b.next < len(b.kept) {
		n := copy(p, b.kept[b.next:])
		b.next += n
		return n, nil
	}
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.source.Read(p)
	b.err = err
	if int64(len(b.kept)+n) > b.limit {
		b.kept, b.next, b.lost = nil, 0, true
	}
	if !b.lost {
		b.kept = append(b.kept, p[:n]...)
		b.next = len(b.kept)
	}
	return n, err
}

// Close leaves the source to net/http: it may be needed once more.
func (b *replay) Close() error { return nil }

// rewind goes back to the start, and reports whether it could.
func (b *replay) rewind() bool {
	if b.lost || (b.err != nil && !errors.Is(b.err, io.EOF)) {
		return false
	}
	b.next = 0
	return true
}
