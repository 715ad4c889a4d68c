package reqtx_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// action is one kind of thing that a handler does.
type action string

const (
	insertion    action = "insert"    // a row
	conflict     action = "conflict"  // a row whose name is taken
	refused      action = "refused"   // a row that a deferred constraint refuses at COMMIT
	later        action = "later"     // a row that is written with COMMIT
	doomed       action = "doomed"    // the same, and its name is taken
	unlucky      action = "unlucky"   // a row for which COMMIT fails with 40001, in the first n attempts
	serialize    action = "serialize" // a statement that fails with 40001, in the first n attempts
	read         action = "read"      // how many rows there are
	savepoint    action = "savepoint"
	setMode      action = "mode" // the n-th of modes
	rollback     action = "rollback-only"
	commit       action = "commit-anyway"
	after        action = "after-commit" // n: 0 succeeds, 1 fails, 2 panics
	header       action = "header"
	status       action = "status" // n
	write        action = "write"  // n bytes
	flush        action = "flush"
	stream       action = "stream"
	cancel       action = "cancel" // the client goes away
	panics       action = "panic"
	abort        action = "abort"
	goexit       action = "goexit"
	attempts            = 3       // that a request has
	maxMemory           = 1 << 9  // of a held response
	maxResponse         = 1 << 10 // of a response
	crashed             = "crashed"
	retryable           = "40001"
	swallowed           = "swallowed"
	disconnected        = "canceled"
	statusOfErr         = http.StatusInternalServerError
)

// step is what a handler does next.
type step struct {
	do    action
	id    int    // names the row, or the function
	n     int    // see the actions
	stops bool   // its error is returned
	part  []step // of a savepoint
	fails bool   // the part of a savepoint returns an error of its own
}

// GoString is how a failed property shows a step.
func (s step) GoString() string {
	text := fmt.Sprintf("%s#%d(%d)", s.do, s.id, s.n)
	if s.do == savepoint {
		text += fmt.Sprintf("%#v", s.part)
	}
	if s.fails {
		text += " fails"
	}
	if s.stops {
		text += " or stop"
	}
	return text
}

// result is what can be observed of a request.
type result struct {
	Attempts int
	Rows     []string // sorted
	Ran      []string // after-commit functions, in order
	Counted  []int    // by the reads of all attempts
	Response response
}

// response is what the client read: a whole response, or nothing that looks like one.
type response struct {
	Whole  bool
	Status int
	Header string // as the handler set it
	Error  string // as WriteError set it
	Body   string
}

// expect returns the result according to the tables of the documentation. It runs
// nothing.
func expect(method string, steps []step) (want result) {
	for want.Attempts = 1; ; want.Attempts++ {
		m := &model{attempt: want.Attempts, readOnly: method == http.MethodGet, want: &want}
		if err := m.run(steps); err != "" && err != crashed {
			m.writeError(err)
		}
		if !m.end() {
			return want
		}
	}
}

// model is one attempt.
type model struct {
	attempt int
	want    *result

	// The transaction.
	readOnly, serializable    bool
	begun, failed, ended      bool
	committed                 bool
	retry                     bool // rolled back through no fault of its own
	canceled                  bool
	crashed                   bool
	markedRollback, markedRun bool
	rows                      []string
	after                     []string
	deferred                  []string // errors that COMMIT will find
	waiting                   []string // rows that are written with COMMIT, or before the next statement
	doomed                    bool     // one of them can't be
	savepoints                int      // that are open

	// The response.
	lost      string // why there is none
	streaming bool
	header    map[string]string
	sent      map[string]string
	status    int
	body      string
}

// run is what a list of steps returns: the class of an error.
func (m *model) run(steps []step) string {
	for _, s := range steps {
		err := m.step(s)
		if m.crashed {
			return crashed
		}
		if err != "" && s.stops {
			return err
		}
	}
	return ""
}

func (m *model) step(s step) string {
	switch s.do {
	case insertion, refused, unlucky, conflict, serialize, read:
		return m.statement(s)
	case later, doomed:
		return m.later(s)
	case savepoint:
		return m.savepoint(s)
	case setMode, rollback, commit, after:
		return m.say(s)
	case header, status, write, flush:
		return m.respond(s)
	case stream:
		return m.stream()
	case cancel:
		m.canceled = true
	case panics, abort, goexit:
		m.crashed = true
	}
	return ""
}

// begin says why a statement can't run.
func (m *model) begin() string {
	switch {
	case m.ended:
		return "ended"
	case m.canceled:
		return disconnected
	case m.failed:
		return "25P02"
	}
	m.begun = true
	return m.flush()
}

// flush writes the rows that wait.
func (m *model) flush() string {
	m.rows, m.waiting = append(m.rows, m.waiting...), nil
	if m.doomed {
		m.failed, m.doomed = true, false
		return "23505"
	}
	return ""
}

// later is a statement unless it can wait.
func (m *model) later(s step) (err string) {
	switch {
	case m.ended || m.canceled || m.failed:
		return m.begin()
	case m.readOnly || !m.begun || m.markedRollback || m.savepoints > 0:
		err = m.statement(step{do: map[action]action{later: insertion, doomed: conflict}[s.do], id: s.id})
	default:
		m.waiting = append(m.waiting, fmt.Sprint(s.id))
		m.doomed = m.doomed || s.do == doomed
	}
	if s.fails {
		return "part"
	}
	return err
}

func (m *model) statement(s step) string {
	if s.do == serialize && m.attempt > s.n {
		return ""
	}
	if err := m.begin(); err != "" {
		return err
	}
	switch {
	case s.do == read:
		m.want.Counted = append(m.want.Counted, len(m.rows))
		return ""
	case s.do == serialize:
		m.failed, m.retry = true, true
		return retryable
	case m.readOnly:
		m.failed = true
		return "25006"
	case s.do == conflict:
		m.failed = true
		return "23505"
	case s.do == refused:
		m.deferred = append(m.deferred, "23514")
	case s.do == unlucky && m.attempt <= s.n:
		m.deferred = append(m.deferred, retryable)
	}
	m.rows = append(m.rows, fmt.Sprint(s.id))
	return ""
}

func (m *model) savepoint(s step) string {
	if err := m.begin(); err != "" {
		return err
	}
	rows, deferred, registered := len(m.rows), len(m.deferred), len(m.after)
	m.savepoints++
	err := m.run(s.part)
	m.savepoints--
	switch {
	case m.crashed:
		return crashed
	case err == "" && s.fails:
		err = "part"
	case err == "":
		return m.begin() // its release is a statement, too
	}
	if !m.ended {
		m.rows, m.deferred, m.after = m.rows[:rows], m.deferred[:deferred], m.after[:registered]
		m.failed, m.retry = false, false
	}
	return err
}

func (m *model) say(s step) string {
	switch {
	case m.ended:
		return "ended"
	case s.do == rollback:
		m.markedRollback = true
		if m.canceled && len(m.waiting) > 0 {
			return disconnected
		}
		return m.flush()
	case s.do == commit:
		m.markedRun = true
	case s.do == after:
		m.after = append(m.after, fmt.Sprintf("%d of attempt %d", s.id, m.attempt))
	case m.begun:
		return "begun"
	default:
		m.readOnly, m.serializable = modes[s.n].ReadOnly, modes[s.n].serializable()
	}
	return ""
}

func (m *model) respond(s step) string {
	switch s.do {
	case header:
		if m.header == nil {
			m.header = map[string]string{}
		}
		m.header["X-Handler"] = fmt.Sprint(s.id)
	case status:
		m.writeHeader(s.n)
	case flush:
		m.writeHeader(http.StatusOK)
	default:
		return m.write(s.n)
	}
	return ""
}

// writeHeader counts once.
func (m *model) writeHeader(status int) {
	if m.status == 0 {
		m.status, m.sent = status, maps.Clone(m.header)
	}
}

func (m *model) write(n int) string {
	if m.lost != "" {
		return m.lost
	}
	m.writeHeader(http.StatusOK)
	if n > 0 && bodiless(m.status) {
		return "no body"
	}
	if !m.streaming && len(m.body)+n > maxResponse {
		m.lost = "other"
		return m.lost
	}
	m.body += strings.Repeat("x", n)
	return ""
}

// writeError is what the handler and the middleware do with an error.
func (m *model) writeError(err string) {
	if m.status == 0 {
		if m.header == nil {
			m.header = map[string]string{}
		}
		m.header["X-Error"] = err
	}
	m.writeHeader(statusOfErr)
}

// commits decides.
func (m *model) commits(success bool) bool {
	return !m.canceled && !m.markedRollback && (m.markedRun || success)
}

// stream ends the transaction as the end of the handler would.
func (m *model) stream() string {
	if m.streaming {
		return ""
	}
	if m.lost == "" {
		switch {
		case m.canceled:
			m.lost = disconnected
		case m.commits(max(m.status, http.StatusOK) < http.StatusBadRequest):
			m.lost = m.commit()
		case m.retry:
			m.ended = true
			m.lost = retryable // it is run again, or has been often enough
		}
	}
	if m.lost != "" {
		m.ended = true // no response will be sent
		return m.lost
	}
	m.streaming, m.ended = true, true
	m.writeHeader(http.StatusOK)
	return ""
}

// commit ends the transaction, and returns why it didn't commit.
func (m *model) commit() string {
	m.ended = true
	if m.failed {
		return swallowed
	}
	if err := m.flush(); err != "" {
		return err
	}
	switch {
	case len(m.deferred) > 0:
		m.retry = m.deferred[0] == retryable
		return m.deferred[0]
	}
	m.committed = true
	return ""
}

// end ends the request, unless it reports that it is retried.
func (m *model) end() (retry bool) {
	err := ""
	switch {
	case m.crashed, m.streaming:
	case m.canceled:
		err = disconnected
	case m.lost != "":
		err = m.lost
	case m.commits(max(m.status, http.StatusOK) < http.StatusBadRequest):
		err = m.commit()
	}
	if m.committed {
		m.want.Rows, m.want.Ran = m.rows, m.after
		slices.Sort(m.want.Rows)
	}
	switch {
	case m.crashed, m.canceled:
		return false // without a response
	case m.retry && !m.committed && m.attempt < attempts:
		return true
	case err != "":
		m.want.Response = response{Whole: true, Status: statusOfErr, Error: err}
		return false
	}
	m.writeHeader(http.StatusOK)
	m.want.Response = response{Whole: true, Status: m.status, Header: m.sent["X-Handler"], Error: m.sent["X-Error"], Body: m.body}
	return false
}

// bodiless reports whether responses with that status have no body. Their end can't be
// told from their cut.
func bodiless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusNotModified
}
