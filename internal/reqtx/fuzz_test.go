package reqtx

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/txn"
)

// program is fuzzed bytes, read as instructions.
type program []byte

// next is the next byte; 0 at the end.
func (p *program) next() (b byte) {
	if len(*p) > 0 {
		b, *p = (*p)[0], (*p)[1:]
	}
	return b
}

var errSource = errors.New("the source broke")

// upload is a request's body that comes in pieces and ends as errEnd says, with
// the last piece or after it.
type upload struct {
	rest   []byte
	errEnd error
	early  bool
	sizes  program
	read   int64
}

func (u *upload) Read(p []byte) (int, error) {
	n := copy(p[:min(len(p), 1+int(u.sizes.next()))], u.rest)
	u.rest = u.rest[n:]
	u.read += int64(n)
	if len(u.rest) == 0 && (u.early || n == 0) && len(p) > 0 {
		return n, u.errEnd
	}
	return n, nil
}

func (u *upload) Close() error { return nil }

// A body reads the same after a rewind, however it is read. It can be rewound while
// what was read of it is within the limit and the source didn't fail.
func FuzzRewindableBody(f *testing.F) {
	f.Add([]byte("hello"), uint16(5), byte(0), []byte{255, 0, 255, 255})
	f.Add([]byte("hello"), uint16(4), byte(0), []byte{2, 0, 3, 0, 255})
	f.Add([]byte("hello"), uint16(9), byte(1), []byte{255, 255, 0, 255})
	f.Add([]byte("hello"), uint16(9), byte(2), []byte{1, 0, 2, 0, 3, 0, 9, 9, 0})
	f.Add([]byte{}, uint16(0), byte(3), []byte{0, 1, 0, 1})
	f.Fuzz(func(t *testing.T, body []byte, most uint16, end byte, reads []byte) {
		if len(body) > 1<<10 || len(reads) > 1<<10 {
			t.Skip("shorter ones find the same")
		}
		limit := int64(most)
		source := &upload{rest: body, errEnd: io.EOF, early: end&1 == 1, sizes: slices.Clone(reads)}
		if end&2 == 2 {
			source.errEnd = errSource
		}
		b := &rewindableBody{source: source, limit: limit}
		var got []byte
		var ended error
		for _, size := range reads {
			if size == 0 {
				want := source.read <= limit && !errors.Is(ended, errSource)
				if again := b.rewind(); again != want {
					t.Fatalf("rewind() = %v after %d bytes of at most %d, then %v: want %v", again, source.read, limit, ended, want)
				} else if !again {
					return
				}
				got = nil
				continue
			}
			buf := make([]byte, size)
			n, err := b.Read(buf)
			got = append(got, buf[:n]...)
			if err != nil {
				ended = err
			}
			if !bytes.HasPrefix(body, got) || (err != nil && len(got) != len(body)) {
				t.Fatalf("read %q, %v, want a part of %q from the start, and all before the end", got, err, body)
			}
		}
		if int64(len(b.kept)) > limit {
			t.Errorf("kept %d bytes, want at most %d", len(b.kept), limit)
		}
	})
}

// Held or not, the same calls send the same response and return the same values.
func FuzzHeldResponse(f *testing.F) {
	for method := range byte(3) {
		f.Add(method, []byte{})
		for call := range byte(calls) {
			f.Add(method, []byte{call, 1, 2, 3, call, 4, 5, 6})
			f.Add(method, []byte{2, 0, call, 1, 2, 3, 0, 5, call, 0, 0, 0})
		}
	}
	f.Add(byte(0), []byte{8, 0, 2, 0, 9, 0, 3, 10})               // an announced trailer, and one with the prefix
	f.Add(byte(0), []byte{2, 255, 2, 255, 2, 255, 4, 2, 1})       // more than net/http's buffer
	f.Add(byte(1), []byte{0, 4, 2, 3, 5, 2, 3, 2, 0})             // a body where none is allowed
	f.Add(byte(0), []byte{8, 1, 9, 1, 1, 0, 2, 2, 4, 6, 0, 6, 1}) // trailers that are taken back
	f.Add(byte(0), []byte{8, 0, 10, 1, 2, 4, 6, 3})
	f.Add(byte(2), []byte{7, 2, 200, 6, 1, 0, 0, 0, 9, 2, 10}) // HEAD
	handlers := make(chan http.HandlerFunc, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		(<-handlers)(w, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // superfluous calls are part of the test
	server.Start()
	f.Cleanup(server.Close)
	db := txn.New(nil, txn.Options{})
	f.Fuzz(func(t *testing.T, method byte, p []byte) {
		if len(p) > 1<<8 {
			t.Skip("shorter ones find the same")
		}
		name := []string{http.MethodGet, http.MethodPost, http.MethodHead}[method%3]
		returned := make(chan []string, 2)
		handlers <- func(w http.ResponseWriter, _ *http.Request) { returned <- play(w, p) }
		want := exchange(t, server, name)
		handlers <- func(w http.ResponseWriter, r *http.Request) {
			ctx, unit, err := db.Begin(r.Context(), txn.ReadWrite, 1)
			if err != nil {
				panic(err)
			}
			defer unit.Rollback()
			h := &heldResponse{}
			h.begin(ctx, w, unit, r.Method, &Options{MaxMemory: 1 << 10, MaxResponse: 1 << 20})
			defer h.close()
			returned <- play(h, p)
			h.release()
		}
		got := exchange(t, server, name)
		if diff := cmp.Diff(<-returned, <-returned); diff != "" {
			t.Errorf("what the calls returned (-net/http +held):\n%s", diff)
		}
		want.forgive(&got, name)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("response (-net/http +held):\n%s", diff)
		}
	})
}

// calls is how many kinds of calls play knows.
const calls = 11

// play makes the calls that p says, and notes what they returned.
func play(w http.ResponseWriter, p program) (returned []string) {
	note := func(n int64, err error) { returned = append(returned, fmt.Sprint(n, " ", err)) }
	name := func() string { return []string{"X-A", "X-Sum", "Etag", http.TrailerPrefix + "X-More"}[p.next()%4] }
	text := func() string { return strings.Repeat("<p>x ", int(p.next())) }
	w.Header().Set("Content-Type", "text/plain") // it would be guessed from the first bytes that leave
	for len(p) > 0 {
		switch p.next() % calls {
		case 0:
			w.WriteHeader([]int{200, 201, 103, 204, 304, 404, 500, 999}[p.next()%8])
		case 1:
			w.Header().Add(name(), strconv.Itoa(int(p.next())))
		case 2:
			n, err := w.Write([]byte(text()))
			note(int64(n), err)
		case 3:
			n, err := io.WriteString(w, text())
			note(int64(n), err)
		case 4:
			note(io.Copy(w, struct{ io.Reader }{strings.NewReader(text())}))
		case 5:
			note(0, http.NewResponseController(w).Flush())
		case 6:
			w.Header().Del(name())
		case 7:
			w.Header()[[]string{"Date", "Content-Type", "X-A"}[p.next()%3]] = nil
		case 8:
			w.Header().Set("Trailer", []string{"X-Sum", "X-Sum, X-A", "Content-Length"}[p.next()%3])
		case 9:
			w.Header().Set("X-Sum", strconv.Itoa(int(p.next())))
		case 10:
			w.Header().Set(http.TrailerPrefix+"X-More", strconv.Itoa(int(p.next())))
		}
	}
	return returned
}

// wireResponse is a response as it was on the wire.
type wireResponse struct {
	Status   string
	Header   http.Header
	Body     string
	Trailer  http.Header
	Chunked  bool
	Broken   string // why it can't be read
	Leftover string // what follows it on the connection
}

// exchange sends a request and reads all that comes.
func exchange(t *testing.T, server *httptest.Server, method string) wireResponse {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "%s / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", method); err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(bytes.NewReader(raw))
	resp, err := http.ReadResponse(in, &http.Request{Method: method})
	for err == nil && resp.StatusCode < http.StatusOK { // informational
		resp, err = http.ReadResponse(in, &http.Request{Method: method})
	}
	if err != nil {
		return wireResponse{Broken: err.Error()}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return wireResponse{Broken: err.Error()}
	}
	leftover, _ := io.ReadAll(in)
	if resp.Header.Get("Date") != "" {
		resp.Header.Set("Date", "now")
	}
	maps.DeleteFunc(resp.Trailer, func(_ string, values []string) bool { return len(values) == 0 })
	return wireResponse{
		Status: resp.Status, Header: resp.Header, Body: string(body), Trailer: resp.Trailer,
		Chunked: len(resp.TransferEncoding) > 0, Leftover: string(leftover),
	}
}

// forgive removes from both responses what may differ: a held response knows its
// length where net/http has already sent the header, and it has the trailers that
// net/http drops because the response happened to be short.
func (direct *wireResponse) forgive(held *wireResponse, method string) {
	length := func(a *wireResponse) string { return a.Header.Get("Content-Length") }
	switch {
	case method == http.MethodHead && (length(direct) == "" || length(held) == ""):
	case direct.Chunked && !held.Chunked && length(held) == strconv.Itoa(len(held.Body)):
	case held.Chunked && !direct.Chunked && length(direct) == strconv.Itoa(len(direct.Body)) && len(direct.Trailer) == 0:
		held.Trailer = nil
	default:
		return
	}
	held.Chunked = direct.Chunked
	direct.Header.Del("Content-Length")
	held.Header.Del("Content-Length")
}
