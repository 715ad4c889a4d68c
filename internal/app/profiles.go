package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"time"
)

// serveProfiles serves pprof profiles on an address of their own: they reveal what the
// service works on, and cost time. Without an address it serves nothing. The caller
// closes the server in either case.
func serveProfiles(ctx context.Context, addr string, log *slog.Logger) (*http.Server, error) {
	server := &http.Server{
		Handler:           profiles(),
		ReadHeaderTimeout: 5 * time.Second, // no write timeout: the client chooses how long a profile takes
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	if addr == "" {
		return server, nil
	}
	listener, err := listen(ctx, "PPROF_ADDR", addr)
	if err != nil {
		return nil, err
	}
	log.InfoContext(ctx, "serving profiles", "url", "http://"+listener.Addr().String()+"/debug/pprof/")
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.WarnContext(ctx, "profile server failed", "error", err)
		}
	}()
	return server, nil
}

func profiles() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
