// Package markdown writes the reports of the benchmarks.
package markdown

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
)

// Printer writes lines, and keeps the first error.
type Printer struct {
	w   io.Writer
	err error
}

// New returns a Printer that writes to w.
func New(w io.Writer) *Printer { return &Printer{w: w} }

// Line writes a line.
func (p *Printer) Line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// Save writes a report to the file of that name, or to standard output when it is
// empty.
func Save(name string, write func(*Printer)) error {
	if name == "" {
		p := New(os.Stdout)
		write(p)
		return p.err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	p := New(f)
	if write(p); p.err != nil {
		_ = f.Close() // the first error is the one to tell
		return p.err
	}
	return f.Close()
}

// Processor is the processor's name where the system says it, and its architecture
// elsewhere.
func Processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
