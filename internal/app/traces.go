package app

import (
	"context"
	"log/slog"
	"runtime/debug"
	"time"

	"commitment/internal/config"
	"commitment/internal/httpapi"
	"commitment/internal/tracing"
)

// flushTimeout limits how long the last spans keep the service from ending.
const flushTimeout = 3 * time.Second

// openTraces begins to trace. It returns nil, which traces nothing, unless cfg wants it.
func openTraces(ctx context.Context, cfg config.Config, log *slog.Logger) (*tracing.Tracing, error) {
	if !cfg.Traces.Enabled() {
		return nil, nil //nolint:nilnil // documented
	}
	o := tracing.Options{ServiceName: cfg.Traces.ServiceName, TrustParent: cfg.Traces.TrustParent, Log: log}
	if info, ok := debug.ReadBuildInfo(); ok {
		o.Version = info.Main.Version
	}
	return tracing.New(ctx, o)
}

// flushTraces exports the last spans.
func flushTraces(traces *tracing.Tracing, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	if err := traces.Shutdown(ctx); err != nil {
		log.Warn("the last spans weren't exported", "error", err)
	}
}

// withTraces returns the API's options with traces, if there are any.
func withTraces(o httpapi.Options, traces *tracing.Tracing) httpapi.Options {
	if traces != nil {
		o.Trace, o.TraceID, o.RecordError = traces.Requests, tracing.TraceID, tracing.RecordError
	}
	return o
}
