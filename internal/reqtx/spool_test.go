package reqtx

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// fill writes a body in parts, as encoders do.
func fill(t *testing.T, s *spool, size int) {
	t.Helper()
	for part := range size / 1024 {
		if _, err := s.Write(bytes.Repeat([]byte{byte(part)}, 1024)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBodiesShareTheirMemory(t *testing.T) {
	t.Parallel()
	shared := &sharedMemory{limit: 256 << 10}
	var spools []*spool
	inMemory, total := 0, 0
	for range 10 {
		s := &spool{limit: 64 << 10, shared: shared}
		spools = append(spools, s)
		fill(t, s, 64<<10)
		inMemory += s.memory.Cap()
		total += int(s.size)
	}
	if most := 256<<10 + 10*uncounted; inMemory > most || total != 10*64<<10 {
		t.Errorf("memory = %d of %d bytes, want at most %d", inMemory, total, most)
	}
	if spools[0].file != nil || spools[9].file == nil {
		t.Error("the first body is in a file, or the last one isn't")
	}
	for _, s := range spools {
		var sent bytes.Buffer
		if n, err := s.WriteTo(&sent); n != 64<<10 || err != nil {
			t.Errorf("WriteTo() = %d, %v, want all bytes", n, err)
		}
		for part := range 64 {
			if sent.Bytes()[part*1024] != byte(part) {
				t.Fatalf("part %d isn't in its place", part)
			}
		}
		s.close()
		s.close() // a second time it does nothing
	}
	if left := shared.used.Load(); left != 0 {
		t.Errorf("memory in use after all are closed = %d, want 0", left)
	}
	small := &spool{limit: 64 << 10, shared: &sharedMemory{}}
	fill(t, small, uncounted)
	if small.file != nil {
		t.Error("a small body is in a file")
	}
}

func TestABodyIsInMemoryUpToItsLimit(t *testing.T) {
	t.Parallel()
	s := &spool{limit: 5 << 10}
	fill(t, s, 5<<10)
	if s.file != nil {
		t.Error("a body of the limit's size is in a file")
	}
	fill(t, s, 1<<10)
	if s.file == nil {
		t.Error("a larger body is in memory")
	}
	s.close()
	if _, err := s.WriteTo(io.Discard); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("WriteTo() after close = %v, want the file's error", err)
	}
}
