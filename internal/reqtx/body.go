package reqtx

import (
	"errors"
	"io"
	"maps"
	"net/http"
)

// rewindableBody is a request's body that keeps what has been read of it, so that a
// retry can read it again from the start.
type rewindableBody struct {
	source    io.ReadCloser
	limit     int64
	kept      []byte
	next      int   // the next byte of kept to read
	err       error // why the source ended
	truncated bool  // more was read than limit, so nothing is kept
}

// Read reads what is kept, and then the source.
func (b *rewindableBody) Read(p []byte) (int, error) {
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
		b.kept, b.next, b.truncated = nil, 0, true
	}
	if !b.truncated {
		b.kept = append(b.kept, p[:n]...)
		b.next = len(b.kept)
	}
	return n, err
}

// Close does nothing: net/http closes the source, which a retry may need to read
// further.
func (b *rewindableBody) Close() error { return nil }

// rewind goes back to the start, and reports whether that is possible.
func (b *rewindableBody) rewind() bool {
	if b.truncated || (b.err != nil && !errors.Is(b.err, io.EOF)) {
		return false
	}
	b.next = 0
	return true
}

// attemptBody is the body as one attempt reads it.
type attemptBody struct {
	*rewindableBody
	original *http.Request // net/http sets its trailers at the end of the body
	attempt  *http.Request
}

// Read reads the body, and at its end copies the trailers to the attempt's request.
func (b *attemptBody) Read(p []byte) (int, error) {
	n, err := b.rewindableBody.Read(p)
	if errors.Is(err, io.EOF) {
		if b.attempt.Trailer == nil {
			b.attempt.Trailer = b.original.Trailer.Clone()
		} else {
			maps.Copy(b.attempt.Trailer, b.original.Trailer)
		}
	}
	return n, err
}
