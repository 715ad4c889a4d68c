package httpapi

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/sse"

	"commitment/ent"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/txn"
)

// counted is an event: how many rows there are.
type counted struct {
	Count int    `json:"count"`
	After string `json:"after"`
}

// events is a service with one route, which writes a row if it may, and sends how
// many there are: at once, and whenever it is told to.
type events struct {
	url   string
	db    *txn.DB
	next  chan struct{}
	ended chan error // why a handler's context has ended
}

func newEvents(t *testing.T) *events {
	t.Helper()
	e := &events{next: make(chan struct{}), ended: make(chan error, 1)}
	e.url, e.db = custom(t, func(a *api) {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			op := huma.Operation{Method: method, Path: "/events", OperationID: "events-" + method}
			sse.Register(a.huma, op, map[string]any{"counted": counted{}}, func(ctx context.Context, in *eventsInput, send sse.Sender) {
				e.send(ctx, t, in, send, method)
			})
		}
	})
	return e
}

type eventsInput struct {
	LastEventID string `header:"Last-Event-ID"`
}

func (e *events) send(ctx context.Context, t *testing.T, in *eventsInput, send sse.Sender, method string) {
	t.Helper()
	defer func() { e.ended <- context.Cause(ctx) }()
	if _, bounded := ctx.Deadline(); bounded {
		t.Error("the context has a deadline, want none before the first event")
	}
	client := ent.FromContext(ctx)
	if method == http.MethodPost {
		if err := rowtest.Insert(ctx, client, "x"); err != nil {
			t.Error(err)
		}
	}
	for id := 1; ; id++ {
		n, err := rowtest.Count(ctx, client)
		if err == nil {
			err = send(sse.Message{ID: id, Data: counted{Count: n, After: in.LastEventID}})
		}
		if err != nil {
			t.Error(err)
		}
		client = e.db.Client() // the request's has ended with its transaction
		select {
		case <-e.next:
		case <-ctx.Done():
			return
		}
	}
}

// open begins to read the events.
func (e *events) open(t *testing.T, method string) (lines *bufio.Scanner, leave func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, method, e.url+"/events", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Last-Event-ID", "41")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("response = %s %v, want events", resp.Status, resp.Header)
	}
	return bufio.NewScanner(resp.Body), cancel
}

// wantEvent reads lines up to the empty one that ends an event.
func wantEvent(t *testing.T, lines *bufio.Scanner, want string) {
	t.Helper()
	var got []string
	for lines.Scan() && lines.Text() != "" {
		got = append(got, lines.Text())
	}
	if event := strings.Join(got, "\n"); event != want || lines.Err() != nil {
		t.Errorf("event = %q, %v, want %q", event, lines.Err(), want)
	}
}

func TestEventsArriveWhileTheHandlerRuns(t *testing.T) {
	t.Parallel()
	for method, counts := range map[string][2]string{http.MethodGet: {"0", "1"}, http.MethodPost: {"1", "2"}} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			e := newEvents(t)
			lines, leave := e.open(t, method)
			wantEvent(t, lines, "id: 1\nevent: counted\ndata: {\"count\":"+counts[0]+",\"after\":\"41\"}")
			// The only connection is free, and what the handler did is durable.
			if err := rowtest.Insert(t.Context(), e.db.Client(), "y"); err != nil {
				t.Fatal(err)
			}
			e.next <- struct{}{}
			wantEvent(t, lines, "id: 2\nevent: counted\ndata: {\"count\":"+counts[1]+",\"after\":\"41\"}")
			leave()
			if err := <-e.ended; !errors.Is(err, context.Canceled) {
				t.Errorf("the handler's context ends by %v, want %v as the client leaves", err, context.Canceled)
			}
		})
	}
}

func TestEventsTakeNoIdempotencyKey(t *testing.T) {
	t.Parallel()
	url, db := custom(t, func(a *api) {
		op := huma.Operation{Method: http.MethodPost, Path: "/events", OperationID: "events"}
		sse.Register(a.huma, op, map[string]any{"counted": counted{}}, func(ctx context.Context, _ *struct{ Body struct{} }, send sse.Sender) {
			_ = rowtest.Insert(ctx, ent.FromContext(ctx), "x")
			<-ctx.Done()
			if err := send.Data(counted{}); err == nil {
				t.Error("send() = nil, want an error")
			}
		})
	})
	if p := refused(t, url+"/events", "k"); p.Status != http.StatusBadRequest || p.Type != "urn:problem-type:idempotency-key-unsupported" {
		t.Errorf("response = %+v, want 400 idempotency-key-unsupported", p)
	}
	if n, err := rowtest.Count(t.Context(), db.Client()); n != 0 || err != nil {
		t.Errorf("rows = %d, %v, want none", n, err)
	}
}
