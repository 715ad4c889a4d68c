package pgproxy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// RTT is the measured time of round trips.
type RTT struct {
	// Set is what [Proxy.SetRTT] added.
	Set time.Duration
	// Min, P50 and P99 are the minimum, the median and the 99th percentile, including
	// the time of the server and the proxy: subtract the same at zero for what was
	// added.
	Min, P50, P99 time.Duration
}

// MeasureRTT makes n round trips with an empty query, one after the other on a
// connection of its own, with the proxy's current settings. They are counted and
// recorded like all others.
func (p *Proxy) MeasureRTT(ctx context.Context, n int) (RTT, error) {
	if n < 1 {
		return RTT{}, errors.New("no round trips to measure")
	}
	conn, err := pgconn.Connect(ctx, p.URL())
	if err != nil {
		return RTT{}, err
	}
	took := make([]time.Duration, n)
	for i := range took {
		start := time.Now()
		if err := conn.Exec(ctx, "").Close(); err != nil {
			return RTT{}, errors.Join(fmt.Errorf("empty query: %w", err), conn.Close(ctx))
		}
		took[i] = time.Since(start)
	}
	slices.Sort(took)
	added := time.Duration(2 * p.delay.Load())
	return RTT{Set: added, Min: took[0], P50: took[n/2], P99: took[n*99/100]}, conn.Close(ctx)
}
