package crash

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
)

// model records what was requested and what was acknowledged. Moments are numbers that grow with
// every entry: a smaller moment is earlier.
type model struct {
	mu     sync.Mutex
	moment int64
	jumps  int // of the issuers' clock so far

	applications map[string]*applied    // by id
	owners       map[string]string      // serial to application
	checks       map[string]string      // check to application
	used         map[string]string      // check to session
	sessions     map[string]*opened     // by id
	open         []*opened              // not closed
	latest       []string               // serials in the order of the answers that contained them
	decisions    map[string][]*decision // of staff, by serial
	forgiven     map[string][]int64     // acknowledged times, Unix ms, by serial
	accounts     map[string]bool        // by id
	logins       map[string]bool        // by token: whether a logout was acknowledged
	uncertain    map[kind]int           // requests in progress, or with an unknown outcome

	faults   []string
	counts   map[string]int // answers
	answered int
}

// kind is what a request creates or changes.
type kind string

const (
	anApplication kind = "application"
	aCheck        kind = "check"
	anApproval    kind = "approval"
	aSession      kind = "session"
	anAccount     kind = "account"
	aLogin        kind = "login"
	aDecision     kind = "decision of staff"
	aForgiving    kind = "forgiving of passages"
)

// accessOf returns the kind that leaving and returning change: the current access token of a
// person.
func accessOf(person string) kind { return kind("access of " + person) }

// applied is an acknowledged application.
type applied struct {
	person  string // document number
	account bool   // applied for with a login
	jumps   int    // of the clock, when it was acknowledged
	serial  string // empty: no answer reported an approval
	tokens  []string
	left    []string // tokens with which the page was left
}

// opened is an acknowledged session.
type opened struct {
	id, application, check string
	login                  string // token of the login; empty: opened with an access token
	acked                  int64
	closed                 int64 // when the closing was acknowledged; 0: not closed
}

// decision is a revocation by staff, or its withdrawal.
type decision struct {
	revoke      bool
	sent, acked int64 // acked 0: not acknowledged
	refused     bool
	atMs        int64
	request     string
}

func newModel() *model {
	return &model{
		applications: map[string]*applied{}, owners: map[string]string{}, checks: map[string]string{}, used: map[string]string{},
		sessions: map[string]*opened{}, decisions: map[string][]*decision{}, forgiven: map[string][]int64{}, accounts: map[string]bool{}, logins: map[string]bool{},
		uncertain: map[kind]int{}, counts: map[string]int{},
	}
}

// request is a request that was recorded before it was sent.
type request struct {
	sent  int64
	kinds []kind
}

// begin records a request before it is sent.
func (m *model) begin(kinds ...kind) request {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range kinds {
		m.uncertain[k]++
	}
	m.moment++
	return request{m.moment, kinds}
}

// finish records the outcome of a request. If it was carried out, it calls note with the model
// locked.
func (m *model) finish(r request, a answer, note func(acked int64)) {
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

// count counts an answer. Status 500 is a fault: the issuer is running.
func (m *model) count(method string, a answer) {
	var problem struct{ Code string }
	json.Unmarshal(a.body, &problem)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answered++
	m.counts[fmt.Sprintf("%s %d %s", method, a.status, problem.Code)]++
	if a.status == http.StatusInternalServerError {
		m.faultLocked("%s was answered with status 500: %s", method, a.body)
	}
}

func (m *model) answers() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.answered
}

// maxFaults bounds the list: one cause produces many faults.
const maxFaults = 20

// fault records a violation.
func (m *model) fault(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faultLocked(format, args...)
}

// faultLocked is [model.fault] for callers that have locked the model.
func (m *model) faultLocked(format string, args ...any) {
	if len(m.faults) < maxFaults {
		m.faults = append(m.faults, fmt.Sprintf(format, args...))
	}
}

// The following methods need the lock (see finish) unless documented otherwise. Two answers that
// contradict each other are a fault.

// passed records a passed check.
func (m *model) passed(check, application string) {
	if other, twice := m.checks[check]; twice {
		m.faultLocked("check %s was returned twice, for %s and %s", check, other, application)
	}
	m.checks[check] = application
}

// approved records the serial that an answer reported for an application; empty: none.
func (m *model) approved(application, serial string) {
	if serial == "" {
		return
	}
	if owner, known := m.owners[serial]; known && owner != application {
		m.faultLocked("serial %s was assigned to %s and to %s", serial, owner, application)
	} else if !known {
		m.owners[serial] = application
		m.latest = append(m.latest, serial)
	}
	// If the answer to the application itself was lost, a return to it reports it.
	if a := m.applications[application]; a != nil {
		if a.serial != "" && a.serial != serial {
			m.faultLocked("application %s was reported with serial %s and then with %s", application, a.serial, serial)
		}
		a.serial = serial
	}
}

// opened records a session.
func (m *model) opened(o *opened) {
	if other, twice := m.used[o.check]; twice {
		m.faultLocked("check %s opened sessions %s and %s", o.check, other, o.id)
	}
	m.used[o.check] = o.id
	m.sessions[o.id] = o
	m.open = append(m.open, o)
}

// close records that a request closed the sessions that were acknowledged before it was sent. The
// outcome for sessions in progress is unknown.
func (m *model) close(sent, acked int64, which func(*opened) bool) {
	rest := m.open[:0]
	for _, o := range m.open {
		if o.acked < sent && which(o) {
			o.closed = acked
		} else {
			rest = append(rest, o)
		}
	}
	m.open = rest
}

// returned records a new access token.
func (m *model) returned(application, person, token string) {
	a := m.applications[application]
	if a == nil { // the answer to the application was lost
		a = &applied{person: person, jumps: m.jumps}
		m.applications[application] = a
	}
	a.tokens = append(a.tokens, token)
}

// leftWith records that a page was left: its token is void.
func (m *model) leftWith(application, token string) {
	a := m.applications[application]
	a.left = append(a.left, token)
}

// isOpenTo reports whether one of the application's tokens satisfies is.
func (a *applied) isOpenTo(is func(token string) bool) bool { return slices.ContainsFunc(a.tokens, is) }

// wasLeft reports whether a page was left with a token that satisfies is.
func (a *applied) wasLeft(is func(token string) bool) bool { return slices.ContainsFunc(a.left, is) }
