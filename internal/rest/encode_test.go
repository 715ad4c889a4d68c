package rest_test

import (
	"bytes"
	"encoding/json"
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"commitment/internal/rest"
)

// shown has a field of each kind that what clients read can have.
type shown struct {
	ID       uuid.UUID             `json:"id"`
	At       time.Time             `json:"at"`
	Name     string                `json:"name"`
	Word     word                  `json:"word"`
	Loud     loud                  `json:"loud"`
	Kept     keeper                `json:"kept"`
	Flag     bool                  `json:"flag"`
	Small    int8                  `json:"small"`
	Count    int                   `json:"count"`
	Bits     uint64                `json:"bits"`
	Ratio    float64               `json:"ratio"`
	Single   float32               `json:"single"`
	Duration rest.Duration         `json:"duration"`
	Bytes    []byte                `json:"bytes"`
	Raw      json.RawMessage       `json:"raw"`
	Tags     []string              `json:"tags"`
	Map      map[string]any        `json:"map"`
	Any      any                   `json:"any"`
	Net      netip.Prefix          `json:"net"`
	Nested   struct{ A, B string } `json:"nested"`
	MaybeID  *uuid.UUID            `json:"maybe_id"`
	MaybeAt  *time.Time            `json:"maybe_at"`
	MaybeS   *string               `json:"maybe_s"`
	MaybeI   *int64                `json:"maybe_i"`
	MaybeB   *bool                 `json:"maybe_b"`
	MaybeK   *keeper               `json:"maybe_k"`
	One      rest.Expanded         `json:"one,omitzero"`
	Many     rest.Expanded         `json:"many,omitzero"`
}

type word string

type loud string

// MarshalText implements [encoding.TextMarshaler].
func (l loud) MarshalText() ([]byte, error) { return []byte(l + "!"), nil }

type keeper struct{ text string }

// MarshalJSON implements [json.Marshaler] for what is addressed, as a field of a view is.
func (k *keeper) MarshalJSON() ([]byte, error) { return json.Marshal(k.text) }

// TestBodiesAreThoseOfEncodingJSON writes views, which mustn't differ from what encoding/json
// makes of them.
func TestBodiesAreThoseOfEncodingJSON(t *testing.T) {
	t.Parallel()
	texts := []string{
		"", "plain", "Käse & <b>", `"quoted"`, `back\slash`, "line\nfeed", "tab\t", "\x00", "\x1f", "\x7f", "\u2028", "a\u2029b", "\xff", "é\xc3", "日本", "🦆", "/",
	}
	var items []any
	for i, text := range texts {
		at := time.Date(2026, 2, 3, 4, 5, 6, 7_000*i, time.FixedZone("", 3600*(i%3)))
		id := uuid.UUID{byte(i), 15: 255}
		v := &shown{
			ID: id, At: at, Name: text, Word: word(text), Loud: loud(text), Kept: keeper{text}, Flag: i%2 == 0,
			Small: -128, Count: math.MinInt64, Bits: math.MaxUint64, Ratio: 1e21 / float64(i+1), Single: 0.1, Duration: rest.Duration(time.Hour),
			Bytes: []byte(text), Raw: json.RawMessage(`{"a": "<"}`), Tags: []string{text, "<"}, Map: map[string]any{text: 1.5}, Any: text,
			Net: netip.MustParsePrefix("10.0.0.0/8"),
		}
		if i%2 == 0 {
			n := int64(i)
			v.MaybeID, v.MaybeAt, v.MaybeS, v.MaybeI, v.MaybeB, v.MaybeK = &id, &at, &text, &n, &v.Flag, &v.Kept
			v.One, v.Many = rest.Expanded{Set: true}, rest.Expanded{Value: &rest.Page{Items: []any{v.Name}}, Set: true}
		}
		if i%3 == 0 {
			v.One = rest.Expanded{Value: &shown{Raw: json.RawMessage("null")}, Set: true}
		}
		items = append(items, v)
	}
	some, exact := 12, false
	type plain struct{ Name string } // without a name in JSON
	bodies := append([]any{
		&rest.Page{Items: []any{}}, &rest.Page{Items: items, Next: "next", Prev: "prev", Total: &some, TotalExact: &exact},
		&plain{"<"}, plain{"<"}, &keeper{"<"}, []string{"<"}, nil, (*shown)(nil), (*rest.Page)(nil), &rest.Page{}, &rest.Page{Items: []any{}, Next: `"`},
		&struct {
			N json.Number `json:"n"`
		}{"12"},
	}, items...)
	for _, body := range bodies {
		var want, got bytes.Buffer
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		if err := e.Encode(body); err != nil {
			t.Fatal(err)
		}
		if err := (rest.Body{Value: body}).WriteJSON(&got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.String(), got.String()); diff != "" {
			t.Errorf("%T (-want +got):\n%s", body, diff)
		}
	}
}

func TestABodyThatHasNoJSON(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]any{
		"a time out of range": &shown{At: time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"a number":            &rest.Page{Items: []any{&shown{Ratio: math.Inf(1)}}},
	} {
		var out bytes.Buffer
		if err := (rest.Body{Value: body}).WriteJSON(&out); err == nil || out.Len() > 0 {
			t.Errorf("%s: wrote %q, and the error is %v", name, out.String(), err)
		}
	}
}
