package reqtx

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Held returns the answer that is held, for package idempotency to record: what was
// set in the header after WriteHeader isn't in it, unless it is a trailer, which has
// [http.TrailerPrefix]. It fails when the body has more than limit bytes, and when
// the answer can't go out.
func (h *held) Held(limit int64) (status int, header http.Header, body []byte, err error) {
	h.WriteHeader(h.Status())
	switch {
	case h.err != nil:
		return 0, nil, nil, h.err
	case h.streaming:
		return 0, nil, nil, errors.New("reqtx: the answer is out, in part")
	case h.body.size > limit:
		return 0, nil, nil, fmt.Errorf("reqtx: the answer has more than the %d bytes that are recorded", limit)
	}
	buffer := bytes.NewBuffer(make([]byte, 0, h.body.size))
	if _, err := h.body.WriteTo(buffer); err != nil {
		return 0, nil, nil, err
	}
	header = h.sent.Clone()
	for name, values := range h.header {
		switch {
		case strings.HasPrefix(name, http.TrailerPrefix):
			header[name] = values
		case announced(h.sent, name):
			header[http.TrailerPrefix+name] = values
		}
	}
	return h.status, header, buffer.Bytes(), nil
}

// announced reports whether header announces the trailer of that name.
func announced(header http.Header, name string) bool {
	for _, line := range header["Trailer"] {
		for trailer := range strings.SplitSeq(line, ",") {
			if http.CanonicalHeaderKey(strings.TrimSpace(trailer)) == name {
				return true
			}
		}
	}
	return false
}

// Reset forgets the answer that is held, for another one to take its place.
func (h *held) Reset() {
	h.body.close()
	h.body = spool{limit: h.o.MaxMemory}
	h.header, h.sent, h.status, h.err = h.w.Header().Clone(), nil, 0, nil
}
