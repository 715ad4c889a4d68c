package reqtx

import (
	"errors"
	"io"
	"maps"
	"net/http"
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

// attemptBody is the body as one attempt reads it.
type attemptBody struct {
	*replay
	made    *http.Request // net/http fills in its trailers at the end of the body
	attempt *http.Request
}

// Read is that of replay, and at the end gives the attempt the trailers.
func (b *attemptBody) Read(p []byte) (int, error) {
	n, err := b.replay.Read(p)
	if errors.Is(err, io.EOF) {
		if b.attempt.Trailer == nil {
			b.attempt.Trailer = b.made.Trailer.Clone()
		} else {
			maps.Copy(b.attempt.Trailer, b.made.Trailer)
		}
	}
	return n, err
}
