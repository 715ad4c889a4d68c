package problem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"

	"commitment/internal/fault"
)

// Writer answers errors. It is safe for concurrent use.
type Writer struct {
	// Log gets what isn't shown. Required.
	Log *slog.Logger
	// Classify turns an error that isn't classified, of a database as a rule, into a
	// [*fault.Error], and returns others as they are. Nil classifies nothing.
	Classify func(error) error
	// RequestID reads the request's id from its context. Nil leaves it out.
	RequestID func(context.Context) string
}

// From returns the problem that err is to the client of the request that ctx is of.
// An error that nobody classified is internal, and so is the end of another context: a
// call of the handler's own that took too long. From logs nothing.
func (pw *Writer) From(ctx context.Context, err error) *Problem {
	p := pw.classify(ctx, err)
	switch {
	case p.Status == statusClientClosedRequest && ctx.Err() == nil:
		p = internal() // the service has canceled its own work: the client is there, and waits
	case p.unavailable() && errors.Is(ctx.Err(), context.Canceled):
		p = canceled() // nobody waits for what wasn't to be had, perhaps for that very reason
	}
	p.addHeader(err)
	if pw.RequestID != nil {
		p.RequestID = pw.RequestID(ctx)
	}
	return p
}

// Report is From, and logs err with its causes: at error level from status 500
// on, at debug level below.
func (pw *Writer) Report(ctx context.Context, err error) *Problem {
	p := pw.From(ctx, err)
	level, message := slog.LevelDebug, "request refused"
	if p.Status >= http.StatusInternalServerError {
		level, message = slog.LevelError, "request failed"
	}
	//nolint:sloglint // one of the two constants above
	pw.Log.LogAttrs(ctx, level, message,
		slog.String("type", p.Type), slog.Int("status", p.Status), slog.Any("error", err))
	return p
}

// Write reports err and answers r with its problem. Nothing of the answer may
// have been sent; header fields that described another body are dropped.
func (pw *Writer) Write(w http.ResponseWriter, r *http.Request, err error) {
	p := pw.Report(r.Context(), err)
	h := w.Header()
	for _, name := range representation {
		h.Del(name)
	}
	maps.Copy(h, p.ResponseHeader())
	h.Set("Content-Type", ContentType)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // fails only when there is nobody to tell
}

// representation lists the header fields that describe a body, or what a
// success has made.
var representation = []string{
	"Accept-Ranges", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length",
	"Content-Location", "Content-Range", "Etag", "Expires", "Last-Modified", "Link", "Location", "Retry-After",
	"Trailer",
}

// classify returns a problem of the caller's own.
func (pw *Writer) classify(ctx context.Context, err error) *Problem {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return fromFault(f)
	}
	if p, ok := Of(err); ok {
		return p
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return Status(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes", tooLarge.Limit))
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		switch ctx.Err() {
		case context.Canceled:
			return canceled()
		case context.DeadlineExceeded:
			return fromFault(fault.New(fault.Unavailable, "timeout", "the request took too long"))
		}
	}
	if pw.Classify != nil {
		if f, ok := errors.AsType[*fault.Error](pw.Classify(err)); ok {
			return fromFault(f)
		}
	}
	return internal()
}

// internal is what an error is that nobody classified.
func internal() *Problem { return fromFault(&fault.Error{Kind: fault.Internal}) }

// canceled is what an error is whose client is gone.
func canceled() *Problem { return fromFault(fault.New(fault.Canceled, "", "the client went away")) }
