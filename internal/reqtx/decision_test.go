package reqtx_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"commitment/internal/txn"
)

// handlerEnds are the ways in which the handler of a decision ends, after it has
// written a row.
var handlerEnds = map[string]func(d *decision, w http.ResponseWriter, r *http.Request){
	"panics": func(*decision, http.ResponseWriter, *http.Request) { panic("boom") },
	"panics with http.ErrAbortHandler": func(*decision, http.ResponseWriter, *http.Request) {
		panic(http.ErrAbortHandler)
	},
	"calls runtime.Goexit": func(*decision, http.ResponseWriter, *http.Request) { runtime.Goexit() },
	"returns when its client is gone": func(d *decision, _ http.ResponseWriter, r *http.Request) {
		d.disconnect()
		<-r.Context().Done()
	},
	"returns past its deadline": func(_ *decision, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	"returns too large a response": func(_ *decision, w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, maxResponse+1))
	},
	"returns": func(*decision, http.ResponseWriter, *http.Request) {},
}

// handlerMarks are what the handler of a decision says of its transaction.
var handlerMarks = map[string]func(context.Context) error{
	"no":               func(context.Context) error { return nil },
	"txn.RollbackOnly": txn.RollbackOnly,
	"txn.CommitAnyway": txn.CommitAnyway,
	"both ways":        func(ctx context.Context) error { return errors.Join(txn.RollbackOnly(ctx), txn.CommitAnyway(ctx)) },
}

// statusClass is a status as the table has it; 0 is none.
func statusClass(status int) string {
	switch {
	case status == 0:
		return "none"
	case status < http.StatusBadRequest:
		return "below 400"
	}
	return "400 and above"
}

// decision is one way for a handler to end.
type decision struct {
	end, mark  string
	status     int
	disconnect func() // of its client
}

// decisions are all ways in which a handler can end.
func decisions() (all []*decision) {
	for end := range handlerEnds {
		for mark := range handlerMarks {
			for _, status := range []int{0, 200, 201, 204, 303, 304, 399, 400, 404, 409, 500, 503} {
				if end != "returns too large a response" || !bodiless(status) {
					all = append(all, &decision{end: end, mark: mark, status: status})
				}
			}
		}
	}
	return all
}

// TestHowTheHandlerEnds tries every end, with every mark and status: the first row of
// the documentation's table that fits says what becomes of it.
func TestHowTheHandlerEnds(t *testing.T) {
	t.Parallel()
	rows := table(t, "How the handler ends")
	wantVocabulary(t, rows, "the handler", slices.Collect(maps.Keys(handlerEnds)))
	wantVocabulary(t, rows, "marked", slices.Collect(maps.Keys(handlerMarks)))
	wantVocabulary(t, rows, "status", []string{"none", "below 400", "400 and above"})
	all := decisions()
	at := func(r *http.Request) (*decision, string) {
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		return all[n], fmt.Sprint("row", n)
	}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		d, name := at(r)
		d.serve(w, r, name)
	}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if d, _ := at(r); d.end == "returns past its deadline" {
				ctx, cancel := context.WithTimeout(r.Context(), 100*time.Millisecond)
				defer cancel()
				r = r.WithContext(ctx)
			}
			next.ServeHTTP(w, r)
		})
	})
	used := map[string]bool{}
	var running sync.WaitGroup
	slots := make(chan struct{}, 4) // as many as the pool has connections
	for n, d := range all {
		want := firstFit(t, rows, row{"the handler": d.end, "marked": d.mark, "status": statusClass(d.status)})
		used[fmt.Sprint(want)] = true
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			got := d.ask(t.Context(), fmt.Sprint(s.url, "?n=", n))
			if response := d.wantResponse(want["the client gets"]); got != response {
				t.Errorf("%s, marked %s, status %d: the client gets %q, want %q", d.end, d.mark, d.status, got, response)
			}
			s.wantRow(t, fmt.Sprint("row", n), want["the transaction is"] == "committed")
		})
	}
	running.Wait()
	if len(used) != len(rows) {
		t.Errorf("rows that were used = %d, want all %d", len(used), len(rows))
	}
}

// serve is the handler.
func (d *decision) serve(w http.ResponseWriter, r *http.Request, name string) {
	err := insert(r, name)
	if err = errors.Join(err, handlerMarks[d.mark](r.Context())); err != nil && r.Context().Err() == nil {
		writeError(w, r, err)
		return
	}
	w.Header().Set("X-Handler", "yes")
	if d.status != 0 {
		w.WriteHeader(d.status)
	}
	_, _ = io.WriteString(w, "held")
	handlerEnds[d.end](d, w, r)
}

// ask sends the request, and returns what the client gets in one line.
func (d *decision) ask(ctx context.Context, url string) string {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d.disconnect = cancel
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, http.NoBody)
	if err != nil {
		return err.Error()
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return "nothing"
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "nothing whole"
	}
	return fmt.Sprintf("%d %q %q", resp.StatusCode, resp.Header.Get("X-Handler"), body)
}

// wantResponse is what the client gets according to the table, in one line.
func (d *decision) wantResponse(cell string) string {
	switch {
	case cell == "nothing":
		return cell
	case cell != "the response":
		return fmt.Sprintf("%s %q %q", cell, "", "")
	case bodiless(d.status):
		return fmt.Sprintf("%d %q %q", d.status, "yes", "")
	case d.status == 0:
		return fmt.Sprintf("%d %q %q", http.StatusOK, "yes", "held")
	}
	return fmt.Sprintf("%d %q %q", d.status, "yes", "held")
}
