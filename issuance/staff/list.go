// Package staff knows who works with the issuer: the credentials of station
// windows, agencies, the police desk, operators and the systems that ask it, the
// role of each, and what a role may do (action.go reads like a rule sheet).
//
// It promises: a Member comes from a List only, for a credential that was shown,
// known and in force at that moment; what no rule allows is refused; no credential
// has a role that its entry does not name; a secret is nowhere but in the hands of
// its holder, and no error repeats what was shown.
//
// It does not keep people apart who share a credential, it limits no rate, and it
// writes no trail: that is package audit's, which names the role that a Member
// acted in.
package staff

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
)

// Config is what a List is made of.
type Config struct {
	Credentials []Credential // may be empty: then nobody is let in
	// Now is the clock that credentials expire by; nil is time.Now.
	Now func() time.Time
	// Metrics takes the counters; nil counts unseen.
	Metrics prometheus.Registerer
}

// List finds who shows a secret. It is safe for many goroutines at once and
// never changes.
type List struct {
	// Comparing hashes of a 256-bit secret in variable time tells nothing about
	// the secret.
	byHash  map[[sha256.Size]byte]*Credential
	now     func() time.Time
	metrics *metrics
}

// NewList takes the credentials or says everything that is wrong with them; a
// fault names the place in the list, from 0, and never a secret.
func NewList(c Config) (*List, error) {
	l := &List{byHash: make(map[[sha256.Size]byte]*Credential, len(c.Credentials)), now: c.Now}
	if l.now == nil {
		l.now = time.Now
	}
	names := make(map[string]int, len(c.Credentials))
	places := make(map[[sha256.Size]byte]int, len(c.Credentials))
	var faults []error
	for i := range c.Credentials {
		own := c.Credentials[i] // a copy: the caller's may change
		own.Roles = append([]Role(nil), own.Roles...)
		own.Purposes = append([]Purpose(nil), own.Purposes...)
		fault := func(err error) { faults = append(faults, fmt.Errorf("staff[%d]: %w", i, err)) }
		for _, err := range own.faults() {
			fault(err)
		}
		if first, twice := names[own.Name]; twice && own.Name != "" {
			fault(fmt.Errorf("the name stands twice, first at staff[%d]: the trail could not tell them apart", first))
		} else {
			names[own.Name] = i
		}
		hash, ok := own.hash()
		if !ok {
			continue
		}
		if first, twice := places[hash]; twice {
			fault(fmt.Errorf("the sha256 stands twice, first at staff[%d]", first))
			continue
		}
		places[hash], l.byHash[hash] = i, &own
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	var err error
	if l.metrics, err = newMetrics(c.Metrics); err != nil {
		return nil, fmt.Errorf("staff: %w", err)
	}
	return l, nil
}

// lookUp finds the credential of a secret, and says whether it is known, expired or
// unknown.
func (l *List) lookUp(secret string) (c *Credential, outcome string) {
	if !ids.WellFormed(secret, prefix, ids.SecretSize) { // bounds what is hashed
		return nil, "unknown"
	}
	c, ok := l.byHash[ids.Hash(secret)]
	switch {
	case !ok:
		return nil, "unknown"
	case l.expired(c):
		return nil, "expired"
	}
	return c, "known"
}

func (l *List) expired(c *Credential) bool { return !c.NotAfter.IsZero() && l.now().After(c.NotAfter) }

// Authenticate answers for a secret that was shown.
func (l *List) Authenticate(secret string) (Member, error) {
	c, outcome := l.lookUp(secret)
	l.metrics.shown.WithLabelValues(outcome).Inc()
	switch outcome {
	case "known":
		return Member{c, l.metrics}, nil
	case "expired":
		return Member{}, problem.New(Expired, "")
	}
	return Member{}, problem.New(Unknown, "")
}

// Bearer answers for the secret in the Authorization fields of a request.
func (l *List) Bearer(authorization []string) (Member, error) {
	return l.Authenticate(ids.Bearer(authorization))
}

// Recognize finds the name of the good credential in the Authorization fields of a
// request, and counts nothing. It says only whose request it is, not what its
// holder may do: that is for Bearer and for Member.
func (l *List) Recognize(authorization []string) (name string, known bool) {
	c, _ := l.lookUp(ids.Bearer(authorization))
	if c == nil {
		return "", false
	}
	return c.Name, true
}

// Named reports whether a good credential with the role has the name. It is for codes
// that passengers make for a ticketing system; names of other roles are told to no caller.
func (l *List) Named(name string, role Role) bool {
	for _, c := range l.byHash {
		if c.Name == name {
			return slices.Contains(c.Roles, role) && !l.expired(c)
		}
	}
	return false
}

// Member is who has shown a credential. Only a List makes one that may do
// anything; the zero Member may do nothing.
type Member struct {
	credential *Credential
	metrics    *metrics
}

// Name is the credential's, for the trail and the log.
func (m Member) Name() string {
	if m.credential == nil {
		return ""
	}
	return m.credential.Name
}

// May is nil if one of the member's roles may do the action, and refuses with
// ForbiddenRole otherwise. It counts either.
func (m Member) May(a Action) error {
	_, err := m.As(a)
	return err
}

// As is May, and says in which role, for the trail: the first in the order of
// the rule sheet.
func (m Member) As(a Action) (Role, error) {
	outcome := "refused"
	defer func() { m.count(a, outcome) }()
	if m.credential != nil {
		for _, r := range allowed(a) {
			if slices.Contains(m.credential.Roles, r) {
				outcome = "allowed"
				return r, nil
			}
		}
	}
	return "", problem.New(ForbiddenRole, "this credential's roles do not include one that may do this")
}

func (m Member) count(a Action, outcome string) {
	if m.metrics != nil && allowed(a) != nil { // a label is never anybody's choice
		m.metrics.asked.WithLabelValues(string(a), outcome).Inc()
	}
}

// metrics counts who came and what they asked for. Label values are fixed here.
type metrics struct {
	shown *prometheus.CounterVec // by outcome
	asked *prometheus.CounterVec // by action, outcome
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		shown: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "railgate_issuer_staff_credentials_total",
			Help: "Requests that needed a staff credential, by what was shown."}, []string{"outcome"}),
		asked: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "railgate_issuer_staff_actions_total",
			Help: "Actions that a known credential asked for, by what its roles say."}, []string{"action", "outcome"}),
	}
	for _, outcome := range []string{"known", "unknown", "expired"} {
		m.shown.WithLabelValues(outcome) // shown as 0 from the start
	}
	for _, a := range Actions() {
		m.asked.WithLabelValues(string(a), "allowed")
		m.asked.WithLabelValues(string(a), "refused")
	}
	if reg == nil {
		return m, nil
	}
	return m, errors.Join(reg.Register(m.shown), reg.Register(m.asked))
}
