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

// Writer writes errors as responses. It is safe for concurrent use.
type Writer struct {
	// Log receives the causes, which aren't shown. Required.
	Log *slog.Logger
	// Classify turns an unclassified error, usually of the database, into a
	// [*fault.Error], and returns other errors unchanged. Nil classifies nothing.
	Classify func(error) error
	// RequestID returns the request's id from its context. Nil leaves it out.
	RequestID func(context.Context) string
	// TraceID returns the id of the request's trace, or "". Nil leaves it out.
	TraceID func(context.Context) string
	// OnFailure is called with the causes of each response from status 500 on. May be nil.
	OnFailure func(context.Context, error)
}

// From returns the problem for err in the request whose context is ctx. An unclassified
// error is internal, and so is the end of any other context, such as that of a
// handler's own call that took too long. From logs nothing.
func (pw *Writer) From(ctx context.Context, err error) *Problem {
	p := pw.classify(ctx, err)
	switch {
	case p.Status == statusClientClosedRequest && ctx.Err() == nil:
		p = internal() // the service canceled its own work: the client is still waiting
	case p.unavailable() && errors.Is(ctx.Err(), context.Canceled):
		p = canceled() // the client is gone, and perhaps that is why it failed
	}
	p.addHeader(err)
	if pw.RequestID != nil {
		p.RequestID = pw.RequestID(ctx)
	}
	if pw.TraceID != nil {
		p.TraceID = pw.TraceID(ctx)
	}
	return p
}

// Report is From, and also logs err with its causes: at error level from status 500 on,
// at debug level below.
func (pw *Writer) Report(ctx context.Context, err error) *Problem {
	p := pw.From(ctx, err)
	level, message := slog.LevelDebug, "request refused"
	if p.Status >= http.StatusInternalServerError {
		level, message = slog.LevelError, "request failed"
		if pw.OnFailure != nil {
			pw.OnFailure(ctx, err)
		}
	}
	//nolint:sloglint // one of the two constants above
	pw.Log.LogAttrs(ctx, level, message,
		slog.String("type", p.Type), slog.Int("status", p.Status), slog.Any("error", err))
	return p
}

// Write reports err and responds to r with its problem. Nothing of the response may
// have been sent yet; header fields that describe another body are removed.
func (pw *Writer) Write(w http.ResponseWriter, r *http.Request, err error) {
	p := pw.Report(r.Context(), err)
	h := w.Header()
	for _, name := range representationHeaders {
		h.Del(name)
	}
	maps.Copy(h, p.ResponseHeader())
	h.Set("Content-Type", ContentType)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // fails only when the client is gone
}

// representationHeaders are the header fields that describe a body, or the result of a
// success.
var representationHeaders = []string{
	"Accept-Ranges", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Length",
	"Content-Location", "Content-Range", "Etag", "Expires", "Last-Modified", "Link", "Location", "Retry-After",
	"Trailer",
}

// classify returns a problem that isn't shared.
func (pw *Writer) classify(ctx context.Context, err error) *Problem {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return fromFault(f)
	}
	if p, ok := As(err); ok {
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

// internal returns the problem for an unclassified error.
func internal() *Problem { return fromFault(&fault.Error{Kind: fault.Internal}) }

// canceled returns the problem for an error whose client is gone.
func canceled() *Problem { return fromFault(fault.New(fault.Canceled, "", "the client went away")) }
