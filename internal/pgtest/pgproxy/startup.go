package pgproxy

import (
	"encoding/binary"
	"fmt"
	"io"
)

// The codes in a client's first packet that take the place of a protocol version.
const (
	cancelCode = 80877102
	sslCode    = 80877103
	gssCode    = 80877104
)

// maxStartup is the largest first packet that PostgreSQL accepts, in bytes.
const maxStartup = 10000

// readStartup declines encryption and returns the packet that follows, whole: a
// StartupMessage or a CancelRequest.
func readStartup(client io.ReadWriter) ([]byte, error) {
	for {
		packet, err := readPacket(client)
		if err != nil {
			return nil, err
		}
		if code := startupCode(packet); code != sslCode && code != gssCode {
			return packet, nil
		}
		if _, err := client.Write([]byte{'N'}); err != nil {
			return nil, err
		}
	}
}

// startupCode returns the code of a first packet.
func startupCode(packet []byte) uint32 { return binary.BigEndian.Uint32(packet[4:]) }

// readPacket reads a packet that has a length but no type.
func readPacket(r io.Reader) ([]byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(head[:])
	if size < uint32(len(head)) || size > maxStartup {
		return nil, fmt.Errorf("first packet of %d bytes is not PostgreSQL's", size)
	}
	packet := make([]byte, size)
	_, err := io.ReadFull(r, packet[copy(packet, head[:]):])
	return packet, err
}
