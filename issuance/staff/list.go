// Package staff authenticates staff and other systems: the credentials of station windows, agencies, the
// police desk, operators and calling systems, the roles of each credential, and the actions that a role
// allows (the table rules in action.go).
//
// It promises:
//   - Only a [List] makes a [Member] with permissions, for a credential that is known and valid at that
//     moment.
//   - An action that no rule allows is refused.
//   - A credential has only the roles in its entry.
//   - A secret is never stored, and no error repeats it.
//
// It does not distinguish people who share a credential, limits no rate, and writes no audit log entry:
// package audit does, with the role of [Member.As].
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

// Config configures a [List].
type Config struct {
	Credentials []Credential // may be empty: every request is refused
	// Now is the clock for the expiry of credentials; nil: time.Now.
	Now func() time.Time
	// Metrics receives the counters; nil: they are not exported.
	Metrics prometheus.Registerer
}

// List authenticates secrets. It is immutable and safe for concurrent use.
type List struct {
	// The comparison of hashes in variable time reveals nothing about a 256-bit secret.
	byHash  map[[sha256.Size]byte]*Credential
	now     func() time.Time
	metrics *metrics
}

// NewList makes a [List], or reports every fault of the credentials. A fault names the index in the list,
// from 0, and never a secret.
func NewList(c Config) (*List, error) {
	l := &List{byHash: make(map[[sha256.Size]byte]*Credential, len(c.Credentials)), now: c.Now}
	if l.now == nil {
		l.now = time.Now
	}
	names := make(map[string]int, len(c.Credentials))
	places := make(map[[sha256.Size]byte]int, len(c.Credentials))
	var faults []error
	for i := range c.Credentials {
		own := c.Credentials[i] // a copy: the caller may change its slice
		own.Roles = append([]Role(nil), own.Roles...)
		own.Purposes = append([]Purpose(nil), own.Purposes...)
		fault := func(err error) { faults = append(faults, fmt.Errorf("staff[%d]: %w", i, err)) }
		for _, err := range own.faults() {
			fault(err)
		}
		if first, twice := names[own.Name]; twice && own.Name != "" {
			fault(fmt.Errorf("duplicate name, first used at staff[%d]: names must be unique in the audit log", first))
		} else {
			names[own.Name] = i
		}
		hash, ok := own.hash()
		if !ok {
			continue
		}
		if first, twice := places[hash]; twice {
			fault(fmt.Errorf("duplicate sha256, first used at staff[%d]", first))
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

// lookUp returns the credential of a secret, and an outcome: known, expired or unknown.
func (l *List) lookUp(secret string) (c *Credential, outcome string) {
	if !ids.WellFormed(secret, prefix, ids.SecretSize) { // bounds the input of the hash
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

// Authenticate returns the member of a secret, or the problem Unknown or Expired.
func (l *List) Authenticate(secret string) (Member, error) {
	c, outcome := l.lookUp(secret)
	l.metrics.presented.WithLabelValues(outcome).Inc()
	switch outcome {
	case "known":
		return Member{c, l.metrics}, nil
	case "expired":
		return Member{}, problem.New(Expired, "")
	}
	return Member{}, problem.New(Unknown, "")
}

// Bearer authenticates the secret in the Authorization fields of a request.
func (l *List) Bearer(authorization []string) (Member, error) {
	return l.Authenticate(ids.Bearer(authorization))
}

// Recognize returns the name of the valid credential in the Authorization fields of a request, and counts
// nothing. It grants no permission: use [List.Bearer] for that.
func (l *List) Recognize(authorization []string) (name string, known bool) {
	c, _ := l.lookUp(ids.Bearer(authorization))
	if c == nil {
		return "", false
	}
	return c.Name, true
}

// Named reports whether a valid credential with the role has the name. It is for codes that passengers make
// for a ticketing system. It reveals no name of other roles.
func (l *List) Named(name string, role Role) bool {
	for _, c := range l.byHash {
		if c.Name == name {
			return slices.Contains(c.Roles, role) && !l.expired(c)
		}
	}
	return false
}

// Member is an authenticated caller. Only a [List] makes one with permissions; the zero Member has none.
type Member struct {
	credential *Credential
	metrics    *metrics
}

// Name is the name of the credential, for the audit log and the log.
func (m Member) Name() string {
	if m.credential == nil {
		return ""
	}
	return m.credential.Name
}

// May returns nil if one of the member's roles may do the action, and the problem ForbiddenRole otherwise.
// It counts both.
func (m Member) May(a Action) error {
	_, err := m.As(a)
	return err
}

// As is [Member.May], and returns the role for the audit log: the first of the rule that the member has.
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
	return "", problem.New(ForbiddenRole, "no role of this credential may do this")
}

func (m Member) count(a Action, outcome string) {
	if m.metrics != nil && allowed(a) != nil { // callers cannot choose a label
		m.metrics.checked.WithLabelValues(string(a), outcome).Inc()
	}
}

// metrics counts authentications and permission checks. Label values are fixed here.
type metrics struct {
	presented *prometheus.CounterVec // by outcome
	checked   *prometheus.CounterVec // by action, outcome
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		presented: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "railgate_issuer_staff_credentials_total",
			Help: "Requests that need a staff credential, by the state of the presented credential."}, []string{"outcome"}),
		checked: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "railgate_issuer_staff_actions_total",
			Help: "Actions requested with a known credential, by action and by whether its roles allow it."}, []string{"action", "outcome"}),
	}
	for _, outcome := range []string{"known", "unknown", "expired"} {
		m.presented.WithLabelValues(outcome) // shown as 0 from the start
	}
	for _, a := range Actions() {
		m.checked.WithLabelValues(string(a), "allowed")
		m.checked.WithLabelValues(string(a), "refused")
	}
	if reg == nil {
		return m, nil
	}
	return m, errors.Join(reg.Register(m.presented), reg.Register(m.checked))
}
