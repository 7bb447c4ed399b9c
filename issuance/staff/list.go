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

// Find answers for a secret that was shown.
func (l *List) Find(secret string) (Member, error) {
	if !ids.WellFormed(secret, prefix, ids.SecretSize) { // bounds what is hashed
		return l.turnedAway("unknown", Unknown)
	}
	c, ok := l.byHash[ids.Hash(secret)]
	if !ok {
		return l.turnedAway("unknown", Unknown)
	}
	if !c.NotAfter.IsZero() && l.now().After(c.NotAfter) {
		return l.turnedAway("expired", Expired)
	}
	l.metrics.shown.WithLabelValues("known").Inc()
	return Member{c, l.metrics}, nil
}

// Bearer answers for the secret in the Authorization fields of a request.
func (l *List) Bearer(authorization []string) (Member, error) {
	return l.Find(ids.Bearer(authorization))
}

func (l *List) turnedAway(outcome string, code problem.Code) (Member, error) {
	l.metrics.shown.WithLabelValues(outcome).Inc()
	return Member{}, problem.New(code, "")
}

// Recognize finds the name of the good credential in the Authorization fields of a
// request, and counts nothing. It says only whose request it is, not what its
// holder may do: that is for Bearer and for Member.
func (l *List) Recognize(authorization []string) (name string, known bool) {
	secret := ids.Bearer(authorization)
	if !ids.WellFormed(secret, prefix, ids.SecretSize) {
		return "", false
	}
	c, ok := l.byHash[ids.Hash(secret)]
	if !ok || !c.NotAfter.IsZero() && l.now().After(c.NotAfter) {
		return "", false
	}
	return c.Name, true
}

// Named reports whether a good credential with the role has the name. It is for codes
// that passengers make for a ticketing system; names of other roles are told to no caller.
func (l *List) Named(name string, role Role) bool {
	for _, c := range l.byHash {
		if c.Name == name {
			return slices.Contains(c.Roles, role) && (c.NotAfter.IsZero() || !l.now().After(c.NotAfter))
		}
	}
	return false
}
