package pgproxy

import (
	"encoding/binary"
	"fmt"
	"iter"
	"strings"
)

// headerSize is the size of a message's type and length.
const headerSize = 5

// startupKind is the kind of a client's first packet, which has no type.
const startupKind = 0

// frame is a message, or a part of a long one.
type frame struct {
	kind  byte
	bytes []byte
	// more marks a later part, without a header.
	more bool
}

// body returns what follows the header.
func (f frame) body() []byte { return f.bytes[headerSize:] }

// framer splits a stream into messages.
type framer struct {
	// startup is the size of a client's first packet, until it was returned.
	startup int
	// whole are the kinds that are inspected, and so returned whole. Other messages may
	// be long, and are returned in parts as they arrive.
	whole   string
	partial []byte // the beginning of an incomplete message
	missing int    // bytes still to come of a message that was returned in part
}

// frames splits what has arrived into frames, which are valid until the next call. An
// incomplete message at the end is kept for that. It returns an error for data that
// can't be the protocol.
func (f *framer) frames(in []byte) iter.Seq2[frame, error] {
	return func(yield func(frame, error) bool) {
		if len(f.partial) > 0 {
			f.partial = append(f.partial, in...)
			in = f.partial
		}
		for len(in) > 0 {
			next, err := f.first(in)
			if err != nil {
				yield(next, err)
				return
			}
			if len(next.bytes) == 0 || !yield(next, nil) {
				break
			}
			in = in[len(next.bytes):]
		}
		if len(in) != len(f.partial) { // else nothing was returned, and a long message needn't be copied again
			f.partial = append(f.partial[:0], in...)
		}
	}
}

// first returns the first frame of in, or one without bytes if it is incomplete.
func (f *framer) first(in []byte) (frame, error) {
	if f.missing > 0 {
		n := min(f.missing, len(in))
		f.missing -= n
		return frame{bytes: in[:n], more: true}, nil
	}
	if n := f.startup; n > 0 {
		f.startup = 0
		return frame{kind: startupKind, bytes: in[:n]}, nil
	}
	if len(in) < headerSize {
		return frame{}, nil
	}
	kind, length := in[0], int(binary.BigEndian.Uint32(in[1:]))
	if length < headerSize-1 {
		return frame{}, fmt.Errorf("message %q of %d bytes is not PostgreSQL's", kind, length)
	}
	if size := 1 + length; len(in) >= size {
		return frame{kind: kind, bytes: in[:size]}, nil
	} else if strings.IndexByte(f.whole, kind) < 0 {
		f.missing = size - len(in)
		return frame{kind: kind, bytes: in}, nil
	}
	return frame{}, nil
}
