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
	after   txn.Position  // of its consistency tokens, if there are any
	body    rewindableBody
	first   attempt
}

// attempt is the request and the response of one call of the handler.
type attempt struct {
	response heldResponse
	url      url.URL
	body     attemptBody
}

// begin initializes all.
func (all *attempts) begin(r *http.Request, o *Options) {
	all.request = r
	all.body.source, all.body.limit = r.Body, o.MaxRetryBody
	if o.Tokens != nil {
		all.after = o.Tokens.after(r)
	}
}

// attempt returns an attempt. None sees what the one before has changed.
func (all *attempts) attempt(number int) *attempt {
	if number == 1 {
		return &all.first
	}
	return &attempt{}
}

// newRequest returns the request of an attempt, in which nothing of the original can be
// changed but its header.
func (all *attempts) newRequest(a *attempt) *http.Request {
	original := *all.request
	original.URL, original.Header = nil, nil // the copies that Clone would make cost more
	r := original.Clone(a.response.ctx)
	r.Header = all.request.Header
	if all.request.URL != nil {
		a.url = *all.request.URL
		r.URL = &a.url
	}
	a.body = attemptBody{&all.body, all.request, r}
	r.Body = &a.body
	return r
}
