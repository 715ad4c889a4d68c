package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"commitment/bench/internal/markdown"
	"commitment/bench/internal/process"
	"commitment/internal/migration"
	"commitment/internal/pgserver"
	"commitment/internal/postgres"
)

const (
	serveRounds  = 7
	serveRound   = 2 * time.Second
	serveClients = 8
)

// service is the service with so many entities beside its own.
type service struct {
	entities int
	binary   string
	built    time.Duration // CPU
	bytes    int64

	started []float64 // milliseconds from exec to the first response that says ready
	memory  int64     // at its peak until then
	cpu     []float64 // microseconds for a read, by round
	addr    string
	cmd     *exec.Cmd // nil unless it runs
	account string
}

// serveAll measures the service with each number of entities, and reports.
func serveAll(ctx context.Context, counts []int, out string) error {
	start := time.Now()
	tmp, err := os.MkdirTemp("", "compile")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	server, err := pgserver.Start(ctx, pgserver.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = server.Stop(context.WithoutCancel(ctx)) }()
	var all []*service
	defer func() {
		for _, s := range all {
			s.stop()
		}
	}()
	for _, n := range counts {
		log.Printf("%d entities: building", n)
		s, err := buildService(ctx, filepath.Join(tmp, fmt.Sprint(n)), n)
		if err != nil {
			return err
		}
		all = append(all, s)
		if err := s.start(ctx, server); err != nil {
			return err
		}
	}
	for round := range serveRounds {
		for i := range all {
			if err := all[(i+round)%len(all)].read(ctx); err != nil {
				return err
			}
		}
	}
	return markdown.Save(out, func(p *markdown.Printer) { writeServices(p, all, start) })
}

// buildService builds the service in a copy of the module.
func buildService(ctx context.Context, dir string, entities int) (s *service, err error) {
	m := module{dir: filepath.Join(dir, "module"), prefix: prefix(), entities: entities}
	s = &service{entities: entities, binary: m.binary()}
	if err := m.copy(".."); err != nil {
		return nil, err
	}
	if entities > 0 {
		if err := os.WriteFile(m.schema(), []byte(m.smallSchemas()), 0o600); err != nil {
			return nil, err
		}
		if _, _, err := m.command(ctx, "generate", "."); err != nil {
			return nil, err
		}
	}
	if s.built, _, err = m.command(ctx, "build", "-o", m.binary(), "./cmd/commitment"); err != nil {
		return nil, err
	}
	info, err := os.Stat(m.binary())
	if err != nil {
		return nil, err
	}
	s.bytes = info.Size()
	return s, nil
}

// start starts the service a few times, the last time to stay, and creates an account.
func (s *service) start(ctx context.Context, server *pgserver.Server) error {
	url, err := s.migrate(ctx, server)
	if err != nil {
		return err
	}
	for range serveRounds {
		s.stop()
		if err := s.startOnce(ctx, url); err != nil {
			return err
		}
	}
	var account struct{ ID string }
	err = s.send(ctx, http.MethodPost, "/v1/accounts", `{"name":"one","currency":"EUR"}`, func(resp *http.Response) error {
		return json.NewDecoder(resp.Body).Decode(&account)
	})
	s.account = account.ID
	return err
}

// stop kills the service, if it runs.
func (s *service) stop() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill() // it has no data to lose
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

// migrate returns the URL of a database of its own.
func (s *service) migrate(ctx context.Context, server *pgserver.Server) (string, error) {
	name := fmt.Sprintf("entities_%d", s.entities)
	root, err := postgres.Open(postgres.Options{URL: server.URL("postgres"), MaxOpenConns: 1})
	if err != nil {
		return "", err
	}
	_, err = root.ExecContext(ctx, "CREATE DATABASE "+name)
	if err := errors.Join(err, root.Close()); err != nil {
		return "", err
	}
	pool, err := postgres.Open(postgres.Options{URL: server.URL(name), MaxOpenConns: 1})
	if err != nil {
		return "", err
	}
	dir, err := migration.Embedded()
	if err == nil {
		_, err = migration.Apply(ctx, pool, dir, migration.ApplyOptions{Log: slog.New(slog.DiscardHandler)})
	}
	return server.URL(name), errors.Join(err, pool.Close())
}

// startOnce starts the service, and waits until it is ready.
func (s *service) startOnce(ctx context.Context, url string) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.addr = listener.Addr().String()
	if err := listener.Close(); err != nil {
		return err
	}
	var output bytes.Buffer
	s.cmd = exec.CommandContext(ctx, s.binary, "serve")
	s.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "ADDR=" + s.addr, "AUTH=off", "DATABASE_URL=" + url, "LOG_LEVEL=warn"}
	s.cmd.Stdout, s.cmd.Stderr = &output, &output
	process.EndWithParent(s.cmd)
	start := time.Now()
	if err := s.cmd.Start(); err != nil {
		s.cmd = nil
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for poll := time.NewTicker(time.Millisecond); ; {
		if s.send(ctx, http.MethodGet, "/readyz", "", discard) == nil {
			poll.Stop()
			s.started = append(s.started, time.Since(start).Seconds()*1e3)
			s.memory, err = process.PeakMemory(s.cmd.Process.Pid)
			return err
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			poll.Stop()
			s.stop()
			return fmt.Errorf("the service isn't ready: %w\n%s", ctx.Err(), &output)
		}
	}
}

// read measures a round of reads of one account.
func (s *service) read(ctx context.Context) error {
	var running sync.WaitGroup
	var requests atomic.Int64
	errs := make([]error, serveClients)
	pid := s.cmd.Process.Pid
	before, end := process.CPUTime(pid), time.Now().Add(serveRound)
	for i := range errs {
		running.Go(func() {
			for errs[i] == nil && time.Now().Before(end) {
				errs[i] = s.send(ctx, http.MethodGet, "/v1/accounts/"+s.account, "", discard)
				requests.Add(1)
			}
		})
	}
	running.Wait()
	s.cpu = append(s.cpu, float64((process.CPUTime(pid)-before).Microseconds())/float64(requests.Load()))
	return errors.Join(errs...)
}

// client keeps as many connections as there are clients.
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: serveClients}, Timeout: time.Minute}

// send sends a request, and returns an error unless the response is a success.
func (s *service) send(ctx context.Context, method, path, body string, read func(*http.Response) error) error {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.addr+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: %s", method, path, resp.Status)
	}
	return read(resp)
}

func discard(resp *http.Response) error {
	_, err := io.Copy(io.Discard, resp.Body)
	return err
}

func writeServices(p *markdown.Printer, all []*service, start time.Time) {
	p.Line("# A service with many entities\n")
	p.Line("Written by `make bench-entities`; the entities have an id and two fields each. Reads are those of an account of the ledger, by")
	p.Line("%d clients. Medians of %d starts and rounds, in turns; ratios within a round.\n", serveClients, serveRounds)
	p.Line("| | |\n|---|---|")
	p.Line("| date | %s, %v |", start.UTC().Format("2006-01-02 15:04 UTC"), time.Since(start).Round(time.Second))
	p.Line("| machine | %s, %d CPUs, %s/%s, %s |", markdown.Processor(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	p.Line("\n| entities more | build: CPU | binary MB | start ms | memory at start MiB | CPU of a read µs | ratio |\n|--:|--:|--:|--:|--:|--:|--:|")
	for _, s := range all {
		ratios := make([]float64, len(s.cpu))
		for i := range ratios {
			ratios[i] = s.cpu[i] / all[0].cpu[i]
		}
		p.Line("| %d | %s | %.1f | %.0f | %d | %.0f | %.2f |", s.entities, seconds(s.built), float64(s.bytes)/1e6,
			median(s.started), s.memory>>20, median(s.cpu), median(ratios))
	}
}

// median returns the median of an odd number of values.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
