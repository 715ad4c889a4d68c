package cli_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"commitment/internal/pgtest"
)

// A transfer is told to another service, which doesn't want to hear of it at first.
func TestServeTellsOfLargeTransfers(t *testing.T) {
	t.Parallel()
	told := make(chan string, 10)
	var calls atomic.Int32
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		told <- string(body)
	}))
	t.Cleanup(receiver.Close)
	p := serve(t, "DATABASE_URL="+pgtest.OwnerURL(t),
		"WEBHOOK_URL="+receiver.URL, "WEBHOOK_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "WEBHOOK_ABOVE=1000")
	create := func(path, body string) string {
		t.Helper()
		a, err := send(t.Context(), http.MethodPost, p.base(t)+"/v1/"+path, body)
		check(t, err)
		var made struct{ ID string }
		if a.status != http.StatusCreated || json.Unmarshal([]byte(a.body), &made) != nil {
			t.Fatalf("POST %s = %d %s, want 201", path, a.status, a.body)
		}
		return made.ID
	}
	from := create("accounts", `{"name":"mint","currency":"EUR","allow_negative":true}`)
	to := create("accounts", `{"name":"Ann","currency":"EUR"}`)
	move := func(amount string) string {
		return create("transfers", `{"from":"`+from+`","to":"`+to+`","amount":`+amount+`}`)
	}
	move("1000")
	large := move("1001")
	var event struct {
		Type string
		Data struct {
			ID     string
			Amount int
		}
	}
	check(t, json.Unmarshal([]byte(<-told), &event))
	if event.Type != "transfer.created" || event.Data.ID != large || event.Data.Amount != 1001 {
		t.Errorf("told of %+v, want of transfer %s", event, large)
	}
	if len(told) > 0 {
		t.Errorf("told of %s, too", <-told)
	}
}
