package main

import (
	"bufio"
	"strings"
	"testing"
)

func TestTheShareIsTakenWithinARound(t *testing.T) {
	t.Parallel()
	loads := []*scaledLoad{{rates: []float64{100, 50, 10}}, {rates: []float64{50, 50, 20}}}
	if got := share(loads, 0); got != 1 { // of 1, 1 and 0.5
		t.Errorf("share = %v, want 1", got)
	}
	if got := share(loads, 1); got != 1 { // of 0.5, 1 and 1
		t.Errorf("share = %v, want 1", got)
	}
	loads[1].rates[1] = 25
	if got := share(loads, 1); got != 0.5 {
		t.Errorf("share = %v, want 0.5", got)
	}
}

func TestARefusalNamesItsRetry(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{
		"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n": true,
		"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n":                   false,
	} {
		var r response
		c := &client{in: bufio.NewReader(strings.NewReader(header))}
		if _, err := c.readHeader(&r); err != nil || r.status != 503 || r.retryAfter != want {
			t.Errorf("readHeader() = %+v, %v, want Retry-After: %v", r, err, want)
		}
	}
}
