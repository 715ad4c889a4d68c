package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"commitment/ent/resource"
	"commitment/internal/httpapi"
)

// tally is what clients were told.
type tally struct {
	mu       sync.Mutex
	made     []string            // ids of the transfers with the response 201
	balances map[uuid.UUID]int64 // as those transfers leave them
	refused  int                 // transfers with the response 422
	others   []string            // all other responses
}

// transfer asks for a random transfer and notes the response.
func (n *tally) transfer(ctx context.Context, s *service, ids []uuid.UUID) {
	from := rand.IntN(len(ids))
	to := (from + 1 + rand.IntN(len(ids)-1)) % len(ids)
	amount := 1 + rand.Int64N(100)
	status, body := s.post(ctx, "/v1/transfers", transferBody(ids[from], ids[to], amount))
	var made resource.Transfer
	err := json.Unmarshal([]byte(body), &made)
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case status == http.StatusCreated && err == nil:
		n.made = append(n.made, made.ID.String())
		n.balances[ids[from]] -= amount
		n.balances[ids[to]] += amount
	case status == http.StatusUnprocessableEntity && strings.Contains(body, "insufficient-funds"):
		n.refused++
	default:
		n.others = append(n.others, fmt.Sprintf("%d %s", status, body))
	}
}

// post is send for any goroutine: what goes wrong is the body, under status 0.
func (s *service) post(ctx context.Context, path, body string) (int, string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+path, strings.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(text)
}

func TestAThousandConcurrentTransfersKeepTheBooks(t *testing.T) {
	t.Parallel()
	s := newService(t)
	ids := []uuid.UUID{s.open(t, "bank", "EUR", true).ID}
	for i := range 9 {
		ids = append(ids, s.open(t, fmt.Sprint(i), "EUR", false).ID)
	}

	const transfers, clients = 1000, 32
	told := tally{balances: map[uuid.UUID]int64{}}
	var wg sync.WaitGroup
	tickets := make(chan struct{})
	for range clients {
		wg.Go(func() {
			for range tickets {
				told.transfer(t.Context(), s, ids)
			}
		})
	}
	for range transfers {
		tickets <- struct{}{}
	}
	close(tickets)
	wg.Wait()

	if len(told.others) > 0 || len(told.made) == 0 || told.refused == 0 {
		t.Errorf("made = %d, refused = %d, want some of both and no other response: %q", len(told.made), told.refused, told.others)
	}
	slices.Sort(told.made)
	if diff := cmp.Diff(told.made, s.lines(t, "SELECT id::text FROM transfers ORDER BY 1")); diff != "" {
		t.Errorf("transfers (-responses +in the database):\n%s", diff)
	}
	wantBalances := s.lines(t, "SELECT a.id || ' ' || sum(amount) FROM accounts a JOIN entries e ON e.account_id = a.id GROUP BY a.id ORDER BY a.id")
	var balances []string
	all, _ := walk[resource.Account](t, s, "/v1/accounts?", 3)
	for _, a := range all {
		balances = append(balances, fmt.Sprint(a.ID, " ", a.Balance))
		if a.Balance != told.balances[a.ID] {
			t.Errorf("balance = %d, want %d of the responses", a.Balance, told.balances[a.ID])
		}
	}
	if diff := cmp.Diff(wantBalances, balances); diff != "" {
		t.Errorf("balances (-sum of entries +account):\n%s", diff)
	}
	want := []httpapi.Balance{{Currency: "EUR", Accounts: 10, Entries: int64(2 * len(told.made)), Sum: 0}}
	if diff := cmp.Diff(want, s.trialBalance(t)); diff != "" {
		t.Errorf("trial balance (-want +got):\n%s", diff)
	}
}
