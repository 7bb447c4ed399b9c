package crash

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
)

// model is what was asked for and what was acknowledged. Moments are numbers that
// grow with every entry: of two, the smaller came first.
type model struct {
	mu     sync.Mutex
	moment int64
	jumps  int // of the issuers' clock so far

	applications map[string]*applied    // by id
	owners       map[string]string      // serial to application
	checks       map[string]string      // check to application
	used         map[string]string      // check to session
	sessions     map[string]*opened     // by id
	open         []*opened              // those that were not closed
	latest       []string               // serials in the order in which they were told
	decisions    map[string][]*decision // of staff, by serial
	accounts     map[string]bool        // by id
	logins       map[string]bool        // token; whether a logout was acknowledged
	uncertain    map[kind]int           // requests under way, or with an unknown fate

	faults   []string
	counts   map[string]int // answers
	answered int
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
	aDecision     kind = "decision of staff"
)

// accessOf is what leaving and returning change: which access token of a person is good.
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

// decision is a revocation by staff, or its withdrawal.
type decision struct {
	revoke      bool
	sent, acked int64 // acked 0: not known to be
	refused     bool
	atMs        int64
	request     string
}

func newModel() *model {
	return &model{
		applications: map[string]*applied{}, owners: map[string]string{}, checks: map[string]string{}, used: map[string]string{},
		sessions: map[string]*opened{}, decisions: map[string][]*decision{}, accounts: map[string]bool{}, logins: map[string]bool{},
		uncertain: map[kind]int{}, counts: map[string]int{},
	}
}

// request is one that was noted before it was sent.
type request struct {
	sent  int64
	kinds []kind
}

// send notes what is about to be asked for.
func (m *model) send(kinds ...kind) request {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range kinds {
		m.uncertain[k]++
	}
	m.moment++
	return request{m.moment, kinds}
}

// settle notes what became of it. note is called, with the model in hand, if it
// was carried out.
func (m *model) settle(r request, a answer, note func(acked int64)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.moment++
	if a.fate != unknown {
		for _, k := range r.kinds {
			m.uncertain[k]--
		}
	}
	if a.did() {
		note(m.moment)
	}
}

// count counts an answer. An issuer that is alive has no excuse.
func (m *model) count(method string, a answer) {
	var problem struct{ Code string }
	json.Unmarshal(a.body, &problem)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answered++
	m.counts[fmt.Sprintf("%s %d %s", method, a.status, problem.Code)]++
	if a.status == http.StatusInternalServerError {
		m.faultLocked("%s was answered with %s", method, a.body)
	}
}

func (m *model) answers() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.answered
}

// maxFaults bounds what is listed: one cause has many.
const maxFaults = 20

// fault notes something that must not be.
func (m *model) fault(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faultLocked(format, args...)
}

// faultLocked is fault for a caller that holds the lock.
func (m *model) faultLocked(format string, args ...any) {
	if len(m.faults) < maxFaults {
		m.faults = append(m.faults, fmt.Sprintf(format, args...))
	}
}

// What follows is called with the model in hand (see settle), unless it says
// otherwise. Two answers that contradict each other are a fault at once.

// passed notes a passed check.
func (m *model) passed(check, application string) {
	if other, twice := m.checks[check]; twice {
		m.faultLocked("check %s was given twice, for %s and %s", check, other, application)
	}
	m.checks[check] = application
}

// approved notes a serial that was told for an application; empty: none was.
func (m *model) approved(application, serial string) {
	if serial == "" {
		return
	}
	if owner, known := m.owners[serial]; known && owner != application {
		m.faultLocked("serial %s was given to %s and to %s", serial, owner, application)
	} else if !known {
		m.owners[serial] = application
		m.latest = append(m.latest, serial)
	}
	// An application whose own answer was lost is met again by who comes back to it.
	if a := m.applications[application]; a != nil {
		if a.serial != "" && a.serial != serial {
			m.faultLocked("application %s was told serial %s and then %s", application, a.serial, serial)
		}
		a.serial = serial
	}
}

// opened notes a session.
func (m *model) opened(o *opened) {
	if other, twice := m.used[o.check]; twice {
		m.faultLocked("check %s opened sessions %s and %s", o.check, other, o.id)
	}
	m.used[o.check] = o.id
	m.sessions[o.id] = o
	m.open = append(m.open, o)
}

// close notes that the sessions are closed that were acknowledged before the
// request that closed them was sent. Of others under way nothing is known.
func (m *model) close(sent, acked int64, which func(*opened) bool) {
	left := m.open[:0]
	for _, o := range m.open {
		if o.acked < sent && which(o) {
			o.closed = acked
		} else {
			left = append(left, o)
		}
	}
	m.open = left
}

// returned notes a new access token.
func (m *model) returned(application, person, token string) {
	a := m.applications[application]
	if a == nil { // its own answer was lost
		a = &applied{person: person, jumps: m.jumps}
		m.applications[application] = a
	}
	a.tokens = append(a.tokens, token)
}

// leftWith notes that a page was left: its token opens nothing any more.
func (m *model) leftWith(application, token string) {
	a := m.applications[application]
	a.left = append(a.left, token)
}

// isOpenTo reports whether a token that was told may be the one that is good.
func (a *applied) isOpenTo(is func(token string) bool) bool { return slices.ContainsFunc(a.tokens, is) }

// wasLeft reports whether a page was left with this token.
func (a *applied) wasLeft(is func(token string) bool) bool { return slices.ContainsFunc(a.left, is) }
