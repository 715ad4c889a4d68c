package stats

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxBytes limits what [Decode] reads. A table takes about 200 bytes, so there is room
// for some 80,000.
const maxBytes = 16 << 20

// Encode writes s as indented JSON that can be kept in a repository.
func Encode(w io.Writer, s Snapshot) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return fmt.Errorf("write statistics: %w", err)
	}
	return nil
}

// Decode reads the output of [Encode]. It returns an error for unknown fields, more
// than 16 MiB, or impossible values.
func Decode(r io.Reader) (Snapshot, error) {
	limited := &io.LimitedReader{R: r, N: maxBytes + 1}
	dec := json.NewDecoder(limited)
	dec.DisallowUnknownFields()
	var s Snapshot
	err := dec.Decode(&s)
	if err == nil {
		err = atEnd(dec)
	}
	if limited.N == 0 {
		err = fmt.Errorf("there are more than %d bytes", maxBytes)
	}
	if err == nil {
		err = s.check()
	}
	if err != nil {
		return Snapshot{}, fmt.Errorf("read statistics: %w", err)
	}
	return s, nil
}

func atEnd(dec *json.Decoder) error {
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON object")
	}
	return nil
}

func (s Snapshot) check() error {
	if s.Taken.IsZero() {
		return errors.New(`"taken" is missing`)
	}
	seen := map[string]bool{}
	for _, t := range s.Tables {
		if t.Name == "" {
			return errors.New("a table has no name")
		}
		if seen[t.Name] {
			return fmt.Errorf("table %q is there twice", t.Name)
		}
		seen[t.Name] = true
		if t.Rows < 0 || t.Bytes < 0 || t.IndexBytes < 0 || t.Indexes < 0 || t.WritesPerSecond < 0 || t.ReadsPerSecond < 0 {
			return fmt.Errorf("table %q has a negative number", t.Name)
		}
	}
	return nil
}

// Table returns the table of that name.
func (s Snapshot) Table(name string) (Table, bool) {
	for _, t := range s.Tables {
		if t.Name == name {
			return t, true
		}
	}
	return Table{}, false
}
