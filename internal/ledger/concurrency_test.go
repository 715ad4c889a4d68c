package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/google/uuid"

	"commitment/ent"
	"commitment/internal/fault"
	"commitment/internal/ledger"
)

// tryMove is move for use in any goroutine.
func (b *books) tryMove(ctx context.Context, from, to uuid.UUID, amount int64) error {
	return b.run(ctx, func(ctx context.Context, client *ent.Client) error {
		_, err := ledger.MoveMoney(ctx, client, ledger.NewTransfer{From: from, To: to, Amount: amount})
		return err
	})
}

func TestTransfersInOppositeDirectionsDoNotDeadlock(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	one, two := b.source(t, "one", "EUR"), b.source(t, "two", "EUR")
	const rounds = 50
	for round := range rounds {
		start := make(chan struct{})
		errs := make(chan error, 2)
		for _, way := range [][2]uuid.UUID{{one.ID, two.ID}, {two.ID, one.ID}} {
			go func() {
				<-start
				errs <- b.tryMove(t.Context(), way[0], way[1], 10)
			}()
		}
		close(start)
		for range cap(errs) {
			if err := <-errs; err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		}
	}
	b.wantState(t, one.ID, 0, 1+2*rounds)
	b.wantState(t, two.ID, 0, 1+2*rounds)
	b.wantBalanced(t)
}

func TestRandomTransfersKeepTheBooks(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	ids := []uuid.UUID{b.source(t, "bank", "EUR").ID}
	for i := range 5 {
		ids = append(ids, b.euros(t, fmt.Sprint(i)).ID)
	}
	const workers, each = 8, 25
	var mu sync.Mutex
	made, refused := 0, 0
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range each {
				from := rand.IntN(len(ids))
				to := (from + 1 + rand.IntN(len(ids)-1)) % len(ids)
				err := b.tryMove(t.Context(), ids[from], ids[to], 1+rand.Int64N(50))
				f, isFault := errors.AsType[*fault.Error](err)
				mu.Lock()
				switch {
				case err == nil:
					made++
				case isFault && f.Code == "insufficient-funds":
					refused++
				default:
					t.Errorf("transfer: %v", err)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if made == 0 || refused == 0 {
		t.Errorf("made = %d, refused = %d, want some of both", made, refused)
	}
	if n := b.count(t, "SELECT count(*) FROM transfers"); n != made {
		t.Errorf("transfers = %d, want %d", n, made)
	}
	b.wantBalanced(t)
}
