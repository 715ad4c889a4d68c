// Package webhook tells another service of large transfers, by an HTTP request that is
// signed as Standard Webhooks (https://www.standardwebhooks.com) says. It runs in a job:
// the request is sent at least once for each committed transfer, always with the same
// webhook-id, and for no other.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"commitment/ent"
	"commitment/internal/identity"
	"commitment/internal/ledger"
	"commitment/internal/tenancy"
	"commitment/internal/txn"
)

const (
	// requestTimeout limits a request, to the end of its response.
	requestTimeout = 15 * time.Second
	// jobTimeout limits a job, reading the transfer included.
	jobTimeout = 30 * time.Second
	// maxResponse is how much of a response is read, so that its connection can be reused.
	maxResponse = 64 << 10
)

// Worker sends notices of transfers.
type Worker struct {
	river.WorkerDefaults[ledger.TransferNotice]

	db     tenancy.DB
	url    string
	key    []byte
	client http.Client
}

// NewWorker returns a worker that sends notices to url, signed with key.
func NewWorker(db tenancy.DB, url string, key []byte) *Worker {
	return &Worker{db: db, url: url, key: key, client: http.Client{
		Timeout:       requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Timeout limits a job.
func (w *Worker) Timeout(*river.Job[ledger.TransferNotice]) time.Duration { return jobTimeout }

// Work sends a notice. It holds no connection to the database while it waits.
func (w *Worker) Work(ctx context.Context, job *river.Job[ledger.TransferNotice]) error {
	var t *ent.Transfer
	err := w.db.RunIn(ctx, identity.Tenant(ctx), txn.ReadOnly, func(ctx context.Context) (err error) {
		t, err = ent.FromContext(ctx).Transfer.Get(ctx, job.Args.TransferID)
		return err
	})
	if err != nil {
		return err
	}
	body, err := json.Marshal(newEvent(t))
	if err != nil {
		return err
	}
	return w.send(ctx, "msg_"+t.ID.String(), body)
}

// event is the body of a request.
type event struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      transfer  `json:"data"`
}

type transfer struct {
	ID     uuid.UUID `json:"id"`
	Amount int64     `json:"amount"`
	Memo   string    `json:"memo"`
}

func newEvent(t *ent.Transfer) event {
	return event{"transfer.created", t.CreatedAt, transfer{t.ID, t.Amount, t.Memo}}
}

// send sends a message. Its error is a [river.JobCancelError] if another attempt can't
// succeed.
func (w *Worker) send(ctx context.Context, id string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return river.JobCancel(err)
	}
	now := strconv.FormatInt(time.Now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header["webhook-id"] = []string{id}
	req.Header["webhook-timestamp"] = []string{now}
	req.Header["webhook-signature"] = []string{sign(w.key, id, now, body)}
	resp, err := w.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxResponse))
	switch status := resp.StatusCode; {
	case status >= 200 && status < 300:
		return nil
	case isPermanent(status):
		return river.JobCancel(fmt.Errorf("the webhook responded %s", resp.Status))
	}
	return fmt.Errorf("the webhook responded %s", resp.Status)
}

// isPermanent reports whether the receiver would respond the same again: it has refused
// the request itself, or wants no more of them (410).
func isPermanent(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return status >= 400 && status < 500
}

// sign returns the signature of a message.
func sign(key []byte, id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", id, timestamp, body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
