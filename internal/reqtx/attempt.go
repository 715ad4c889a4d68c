package reqtx

import (
	"net/http"
	"net/url"

	"commitment/internal/txn"
)

// attempts are the attempts at a request. The first one, which is the only one as a rule,
// is a part of it.
type attempts struct {
	request *http.Request // the original
	header  []string      // of the request, as it was: each name is followed by a value
	after   txn.Position  // of its consistency tokens, if there are any
	body    rewindableBody
	first   attempt
	room    [16]string // what most headers fit into
}

// attempt is the request and the response of one call of the handler.
type attempt struct {
	response heldResponse
	url      url.URL
	body     attemptBody
}

// begin notes what the first attempt may change.
func (all *attempts) begin(r *http.Request, o *Options) {
	all.request = r
	all.body.source, all.body.limit = r.Body, o.MaxRetryBody
	if o.Tokens != nil {
		all.after = o.Tokens.after(r)
	}
	all.header = all.room[:0]
	for name, values := range r.Header {
		for _, value := range values {
			all.header = append(all.header, name, value)
		}
	}
}

// attempt returns an attempt. None sees what the one before has changed.
func (all *attempts) attempt(number int) *attempt {
	if number == 1 {
		return &all.first
	}
	return &attempt{}
}

// newRequest returns the request of an attempt.
func (all *attempts) newRequest(number int, a *attempt) *http.Request {
	original := *all.request
	original.URL, original.Header = nil, nil // the copies that Clone would make cost more
	r := original.Clone(a.response.ctx)
	if all.request.URL != nil {
		a.url = *all.request.URL
		r.URL = &a.url
	}
	r.Header = all.request.Header
	if number > 1 {
		r.Header = make(http.Header, len(all.header)/2)
		for i := 0; i < len(all.header); i += 2 {
			r.Header[all.header[i]] = append(r.Header[all.header[i]], all.header[i+1])
		}
	}
	a.body = attemptBody{&all.body, all.request, r}
	r.Body = &a.body
	return r
}
