package reqtx

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Snapshot returns the held response, for package idempotency to record. The header is
// as of WriteHeader; trailers are added with [http.TrailerPrefix]. It returns an error
// if the body has more than limit bytes, or if the response can't be sent.
func (h *heldResponse) Snapshot(limit int64) (status int, header http.Header, body []byte, err error) {
	h.WriteHeader(h.Status())
	switch {
	case h.err != nil:
		return 0, nil, nil, h.err
	case h.streaming:
		return 0, nil, nil, errors.New("reqtx: a part of the response has been sent")
	case h.body.size > limit:
		return 0, nil, nil, fmt.Errorf("reqtx: the response is larger than the %d bytes that can be recorded", limit)
	}
	buffer := bytes.NewBuffer(make([]byte, 0, h.body.size))
	if _, err := h.body.WriteTo(buffer); err != nil {
		return 0, nil, nil, err
	}
	header = make(http.Header, len(h.sent))
	h.sent.copyTo(header)
	for name, values := range h.header {
		switch {
		case strings.HasPrefix(name, http.TrailerPrefix):
			header[name] = values
		case announced(h.sent.values("Trailer"), name):
			header[http.TrailerPrefix+name] = values
		}
	}
	return h.status, header, buffer.Bytes(), nil
}

// announced reports whether the lines of a Trailer field have that name.
func announced(lines []string, name string) bool {
	for _, line := range lines {
		for trailer := range strings.SplitSeq(line, ",") {
			if http.CanonicalHeaderKey(strings.TrimSpace(trailer)) == name {
				return true
			}
		}
	}
	return false
}

// Reset discards the held response, so that another one can take its place.
func (h *heldResponse) Reset() {
	h.body.close()
	h.body = spool{limit: h.options.MaxMemory, shared: h.options.held}
	h.header, h.status, h.err = h.w.Header().Clone(), 0, nil
}
