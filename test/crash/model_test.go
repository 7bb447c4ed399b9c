package crash

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// book is what was asked for and what was acknowledged. Moments are numbers that
// grow with every entry: of two, the smaller came first.
type book struct {
	mu     sync.Mutex
	moment int64
	jumps  int // of the issuers' clock so far

	applications map[string]*applied // by id
	owners       map[string]string   // serial to application
	checks       map[string]string   // check to application
	used         map[string]string   // check to session
	sessions     map[string]*opened  // by id
	open         []*opened           // those that were not closed
	latest       []string            // serials in the order in which they were told
	words        map[string][]*word  // of staff, by serial
	accounts     map[string]bool     // by id
	logins       map[string]bool     // token; whether a logout was acknowledged
	maybe        map[kind]int        // requests under way, or with an unknown fate

	faults []string
	counts map[string]int // answers
	heards int
}

// kind is what a request makes.
type kind string

const (
	anApplication kind = "application"
	aCheck        kind = "check"
	anApproval    kind = "approval"
	aSession      kind = "session"
	anAccount     kind = "account"
	aLogin        kind = "login"
	aWord         kind = "word of staff"
)

// accessOf is what leaving and coming back change: who holds a person's access tokens.
func accessOf(person string) kind { return kind("access of " + person) }

// applied is an acknowledged application.
type applied struct {
	person  string // document number
	account bool   // applied for by who was logged in
	jumps   int    // of the clock, when it was acknowledged
	serial  string // empty: not approved as far as was told
	tokens  []string
	left    []string // tokens that a page was left with
}

// opened is an acknowledged session.
type opened struct {
	id, application, check string
	login                  string // token of the login; empty: by access token
	acked                  int64
	closed                 int64 // when it was acknowledged that it is; 0: was not
}

// word is what staff said of a credential.
type word struct {
	revoke      bool
	sent, acked int64 // acked 0: not known to be
	refused     bool
	atMs        int64
	request     string
}

func newBook() *book {
	return &book{
		applications: map[string]*applied{}, owners: map[string]string{}, checks: map[string]string{}, used: map[string]string{},
		sessions: map[string]*opened{}, words: map[string][]*word{}, accounts: map[string]bool{}, logins: map[string]bool{},
		maybe: map[kind]int{}, counts: map[string]int{},
	}
}

// request is one that was noted before it was sent.
type request struct {
	sent  int64
	kinds []kind
}

// send notes what is about to be asked for.
func (b *book) send(kinds ...kind) request {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range kinds {
		b.maybe[k]++
	}
	b.moment++
	return request{b.moment, kinds}
}

// settle notes what became of it. note is called, with the book in hand, if it
// was carried out.
func (b *book) settle(r request, a answer, note func(acked int64)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.moment++
	if a.fate != unknown {
		for _, k := range r.kinds {
			b.maybe[k]--
		}
	}
	if a.did() {
		note(b.moment)
	}
}

// heard counts an answer. An issuer that is alive has no excuse.
func (b *book) heard(method string, a answer) {
	var problem struct{ Code string }
	json.Unmarshal(a.body, &problem)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heards++
	b.counts[fmt.Sprintf("%s %d %s", method, a.status, problem.Code)]++
	if a.status == http.StatusInternalServerError {
		b.faultf("%s was answered with %s", method, a.body)
	}
}

func (b *book) answers() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.heards
}

// mostFaults bounds what is listed: one cause has many.
const mostFaults = 20

// fault notes something that must not be.
func (b *book) fault(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faultf(format, args...)
}

// faultf is fault for who has the book.
func (b *book) faultf(format string, args ...any) {
	if len(b.faults) < mostFaults {
		b.faults = append(b.faults, fmt.Sprintf(format, args...))
	}
}

// tell fails the test with what was noted, and shows how much was done.
func (h *house) tell() {
	h.t.Helper()
	h.book.mu.Lock()
	defer h.book.mu.Unlock()
	for line := range strings.Lines(h.said.String()) {
		if strings.Contains(line, `"level":"error"`) || strings.Contains(line, "DATA RACE") || strings.HasPrefix(line, "panic:") {
			h.book.faultf("the issuer said: %s", line)
		}
	}
	for _, f := range h.book.faults {
		h.t.Error(f)
	}
	if h.t.Failed() && h.said.String() != "" {
		h.t.Logf("the issuer said at last:\n%s", tail(h.said.String()))
	}
	for _, what := range slices.Sorted(maps.Keys(h.book.counts)) {
		h.t.Logf("%6d × %s", h.book.counts[what], what)
	}
}
