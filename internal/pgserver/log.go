package pgserver

import (
	"fmt"
	"io"
	"os"
	"strings"
)

const (
	// logLimit is the size in bytes above which a start truncates the log.
	logLimit = 8 << 20
	// tailBytes and tailLines limit how much of a log an error quotes.
	tailBytes = 8 << 10
	tailLines = 20
)

// serverLog is the log, and the offset at which this start begins.
type serverLog struct {
	file  *os.File
	start int64
}

func openLog(path string) (*serverLog, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err == nil && size > logLimit {
		size, err = 0, file.Truncate(0)
	}
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("truncate the log: %w", err)
	}
	return &serverLog{file: file, start: size}, nil
}

// tail returns the last lines since the start, to append to an error.
func (l *serverLog) tail() string {
	end, err := l.file.Seek(0, io.SeekEnd)
	if err != nil {
		return ""
	}
	from := max(l.start, end-tailBytes)
	text, _ := io.ReadAll(io.NewSectionReader(l.file, from, end-from)) // an unreadable log isn't shown
	return quoteLog(l.file.Name(), string(text))
}

func (l *serverLog) close() { _ = l.file.Close() }

// quoteLog returns the last lines of text below a heading with the log's name, or
// nothing if there are none.
func quoteLog(name, text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	lines := strings.Split(text, "\n")
	lines = lines[max(0, len(lines)-tailLines):]
	return fmt.Sprintf("\nthe last lines of %s:\n%s", name, strings.Join(lines, "\n"))
}
