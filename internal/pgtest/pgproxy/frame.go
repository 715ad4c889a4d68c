package pgproxy

import (
	"encoding/binary"
	"fmt"
	"iter"
	"strings"
)

// headerSize is a message's type and its length, which counts itself.
const headerSize = 5

// startupKind stands for the type that a client's first packet doesn't have.
const startupKind = 0

// frame is a message, or a part of one that wasn't waited for.
type frame struct {
	kind  byte
	bytes []byte
	// more marks a later part, without a header.
	more bool
}

// body is what follows the header.
func (f frame) body() []byte { return f.bytes[headerSize:] }

// framer cuts what one side says into messages.
type framer struct {
	// startup is the size of a client's first packet, until it was handed out.
	startup int
	// whole are the kinds that are looked into, and so waited for. Others can
	// be as long as a row, and are handed out as they come.
	whole   string
	partial []byte // the beginning of a message
	missing int    // bytes that are still to come of one that was handed out
}

// frames cuts what has come before and in into frames, which are valid until the
// next call. The end of in is kept when it is no more than the beginning of a
// message. It fails on what can't be the protocol.
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
		if len(in) != len(f.partial) { // else nothing was handed out: copying a long one over and over takes its time
			f.partial = append(f.partial[:0], in...)
		}
	}
}

// first returns the frame with which in begins; without bytes, when more has to
// come.
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
