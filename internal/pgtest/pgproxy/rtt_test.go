package pgproxy_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgproxy"
)

// settings are the times added to round trips of which the accuracy is measured.
var settings = []time.Duration{0, 500 * time.Microsecond, time.Millisecond, 5 * time.Millisecond}

func TestNoRoundTripIsShorterThanSet(t *testing.T) {
	t.Parallel()
	p := pgtest.Proxy(t, pgtest.EmptyURL(t))
	for _, added := range settings {
		p.SetRTT(added)
		got, err := p.MeasureRTT(t.Context(), 50)
		if err != nil {
			t.Fatal(err)
		}
		if got.Set != added || got.Min < added {
			t.Errorf("RTT = %+v, want at least %v", got, added)
		}
		t.Logf("set %v: min %v, p50 %v, p99 %v", got.Set, got.Min, got.P50, got.P99)
	}
}

func TestMeasureRTTNeedsRoundTrips(t *testing.T) {
	t.Parallel()
	if _, err := pgtest.Proxy(t, pgtest.EmptyURL(t)).MeasureRTT(t.Context(), 0); err == nil {
		t.Error("MeasureRTT(0) = nil, want an error")
	}
}

// BenchmarkRTT measures round trips one after the other: what they take at the
// median, and how far that is from the setting, on top of a round trip without
// one.
func BenchmarkRTT(b *testing.B) {
	p := pgtest.Proxy(b, pgtest.EmptyURL(b))
	base := measure(b, p, 0, 2000)
	for _, added := range settings {
		b.Run("added="+added.String(), func(b *testing.B) {
			got := measure(b, p, added, max(b.N, 2))
			b.ReportMetric(us(got.P50), "p50-µs")
			b.ReportMetric(us(got.P99), "p99-µs")
			b.ReportMetric(us(got.P50-base.P50-added), "off-µs")
		})
	}
}

func measure(b *testing.B, p *pgproxy.Proxy, added time.Duration, n int) pgproxy.RTT {
	b.Helper()
	p.SetRTT(added)
	got, err := p.MeasureRTT(b.Context(), n)
	if err != nil {
		b.Fatal(err)
	}
	return got
}

func us(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

// BenchmarkQuery compares a query through the proxy with one past it.
func BenchmarkQuery(b *testing.B) {
	server := pgtest.EmptyURL(b)
	for name, url := range map[string]string{"direct": server, "proxied": pgtest.Proxy(b, server).URL()} {
		b.Run(name, func(b *testing.B) {
			conn := dial(b, url)
			b.ReportAllocs()
			for b.Loop() {
				if err := conn.QueryRow(b.Context(), "SELECT $1::int", 1).Scan(new(int)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCopyTo shows that a delay takes nothing from the throughput.
func BenchmarkCopyTo(b *testing.B) {
	server := pgtest.EmptyURL(b)
	p := pgtest.Proxy(b, server)
	run := func(b *testing.B, url string) {
		b.Helper()
		conn := dial(b, url)
		var out bytes.Buffer
		for b.Loop() {
			out.Reset()
			const query = "COPY (SELECT repeat('x', 1000) FROM generate_series(1, 20000)) TO STDOUT"
			if _, err := conn.PgConn().CopyTo(b.Context(), &out, query); err != nil {
				b.Fatal(err)
			}
		}
		b.SetBytes(int64(out.Len()))
	}
	b.Run("direct", func(b *testing.B) { run(b, server) })
	for _, added := range settings {
		b.Run(fmt.Sprintf("added=%v", added), func(b *testing.B) {
			p.SetRTT(added)
			run(b, p.URL())
		})
	}
}
