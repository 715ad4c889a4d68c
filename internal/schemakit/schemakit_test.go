package schemakit_test

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"entgo.io/ent"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"commitment/internal/schemakit"
)

func TestNewIDIsVersion7(t *testing.T) {
	t.Parallel()
	before := time.Now().Truncate(time.Millisecond)
	id := schemakit.NewID()
	// Many ids in one moment, as another test makes them, run ahead of the clock.
	after := time.Now().Add(time.Second)
	if id.Version() != 7 || id.Variant() != uuid.RFC4122 {
		t.Errorf("version of %v = %d, variant = %v, want 7 and %v", id, id.Version(), id.Variant(), uuid.RFC4122)
	}
	made := time.Unix(id.Time().UnixTime())
	if made.Before(before) || made.After(after) {
		t.Errorf("time of %v = %v, want between %v and %v", id, made, before, after)
	}
}

// Ids made one after the other are in order, in whichever goroutine.
func TestNewIDIsStrictlyIncreasing(t *testing.T) {
	t.Parallel()
	const makers, each = 8, 5000
	made := make([][]uuid.UUID, makers)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range made {
		wg.Go(func() {
			<-start
			for range each {
				made[i] = append(made[i], schemakit.NewID())
			}
		})
	}
	close(start)
	wg.Wait()
	last := schemakit.NewID() // after all of them
	seen := map[uuid.UUID]bool{}
	for _, ids := range made {
		for i, next := range append(ids[1:], last) {
			if bytes.Compare(ids[i][:], next[:]) >= 0 {
				t.Fatalf("id %v comes before %v, want them to increase", ids[i], next)
			}
			seen[ids[i]] = true
		}
	}
	if len(seen) != makers*each {
		t.Errorf("different ids = %d, want %d", len(seen), makers*each)
	}
}

func TestNow(t *testing.T) {
	t.Parallel()
	before := time.Now().Truncate(time.Microsecond)
	now := schemakit.Now()
	after := time.Now()
	if now.Location() != time.UTC {
		t.Errorf("location = %v, want %v", now.Location(), time.UTC)
	}
	if now.Before(before) || now.After(after) {
		t.Errorf("Now() = %v, want between %v and %v", now, before, after)
	}
}

func TestNowIsTruncatedToMicroseconds(t *testing.T) {
	t.Parallel()
	finer := false // than milliseconds
	for deadline := time.Now().Add(10 * time.Second); !finer && time.Now().Before(deadline); {
		now := schemakit.Now()
		if rest := now.Nanosecond() % 1000; rest != 0 {
			t.Fatalf("nanoseconds of %v = %d, want 0", now, rest)
		}
		finer = now.Nanosecond()/1000%1000 != 0
	}
	if !finer {
		t.Error("microseconds = 0 every time, want some")
	}
}

// rule is what the mixins declare for a field.
type rule struct {
	Name                              string
	Default, UpdateDefault, Immutable bool
}

func TestMixins(t *testing.T) {
	t.Parallel()
	id := rule{Name: "id", Default: true, Immutable: true}
	created := rule{Name: "created_at", Default: true, Immutable: true}
	updated := rule{Name: "updated_at", Default: true, UpdateDefault: true}
	for name, tt := range map[string]struct {
		mixin ent.Mixin
		want  []rule
	}{
		"ID":        {schemakit.ID{}, []rule{id}},
		"CreatedAt": {schemakit.CreatedAt{}, []rule{created}},
		"Times":     {schemakit.Times{}, []rule{created, updated}},
		"Version":   {schemakit.Version{}, []rule{{Name: "version", Default: true, Immutable: true}}},
	} {
		var got []rule
		for _, f := range tt.mixin.Fields() {
			d := f.Descriptor()
			got = append(got, rule{d.Name, d.Default != nil, d.UpdateDefault != nil, d.Immutable})
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
