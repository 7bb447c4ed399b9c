// Package credential is the issuer's rules on temporary IDs: it takes applications,
// has the person checked, decides, opens sessions, shows codes, revokes and
// erases. docs/issuance.md tells the whole of it, docs/rules.md which rule is
// where.
//
// It promises: nothing is approved but after a face check that passed, and
// for a card that the resident registry confirms; however many ask at once, at
// however many issuers, a person is approved at most three times a calendar month
// and has one credential in force; a pass is signed only on a passed check that is
// at most two minutes old and is used up by it, for a credential that is in force,
// under a key that is in service; a check that fails, times out or cannot be done
// uses up nothing; what was acknowledged survives a crash; a revocation reaches the
// outbox of the control stream, and a staff act the audit trail, in the transaction
// that records it; an ended login or a left page shows nothing any more. Personal
// data are sealed before they are stored, gone after 31 days, and never part of an
// error.
//
// It does not look at faces and knows no cards: packages facecheck and provider
// ask those who do, and what they say is believed. It does not slow anybody down
// but by locks after failures; rates are package httpapi's. What an anchor-mode phone
// holds outlives a logout by up to 30 minutes.
//
// Who may do what is a type: a method of Service for passengers takes a Holder, which
// only Authorize makes, for a Visitor with an access token or a login; one for
// staff takes a staff.Member. Each file has the rules of its subject and, as methods of
// Store, what they keep and what must be judged under a lock. Serial indexes of a day are
// never given twice, and with few gaps.
package credential

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/facecheck"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/issuance/vault"
)

// Config is what a Service works with.
type Config struct {
	// Outbox is open, with the database. The service does not close it. The publisher
	// of the control stream works on the same one.
	Outbox *outbox.Outbox
	// Keys sign passes, each in its time.
	Keys *keyring.Ring
	// Vault is the master that seals personal data. Another master than the one
	// a database was filled with opens none of it.
	Vault vault.Master
	// FieldKeys are what seals since keys were rotated; none: the master's own.
	FieldKeys []vault.FieldKey
	// AuditLog is the audit log of the same database. nil: Open makes one, without metrics.
	AuditLog *audit.Log
	// Checker decides whether the applicant is the person.
	Checker facecheck.Checker
	// CheckTimeout bounds one face check, at most facecheck.MaxTimeout.
	// 0: facecheck.DefaultTimeout.
	CheckTimeout time.Duration
	// MaxChecks bounds the provider's calls in flight, those included that were
	// given up on but have not returned. Keep it well below what the HTTP server
	// serves at once: a provider that hangs must not keep staff from revoking.
	// 0: DefaultMaxChecks.
	MaxChecks int
	// Residents knows the resident ID cards.
	Residents provider.ResidentRegistry
	// LookupTimeout bounds one question to it. 0: provider.DefaultTimeout.
	LookupTimeout time.Duration
	// Policy is the version of the privacy policy in force (rules B12 and G34). Applicants
	// who are not logged in must agree to this one.
	Policy string
	// Accounts are the passengers' accounts, in the same database; nil: nobody can
	// be logged in.
	Accounts *account.Service
	// Lockout locks documents and addresses after too many failed checks. nil:
	// nothing is counted.
	Lockout *throttle.Lockout
	// Changes bounds the revocations and liftings of one staff credential. Zero: no
	// bound.
	Changes throttle.Rate
	// Identifications bounds the passengers that one staff credential identifies, and
	// Subjects the pseudonyms that it asks for. Zero: no bound.
	Identifications, Subjects throttle.Allowance
	// Now is the clock of every rule. nil: time.Now.
	Now func() time.Time
	// Trouble says in words why publishing fails and since when, for Readiness; ""
	// while it works. nil: it always works.
	Trouble func() string
	// Log receives faults and starts; no personal data. nil: no log.
	Log *zap.Logger
	// Metrics receives the counters. nil: they are counted and shown nowhere.
	Metrics prometheus.Registerer
}

// DefaultMaxChecks is half of what the HTTP server serves at once by default.
const DefaultMaxChecks = 128

// complete fills in what may be left out and reports all that may not.
func (c *Config) complete() error {
	var missing []error
	need := func(ok bool, what string) {
		if !ok {
			missing = append(missing, errors.New("issuance: "+what))
		}
	}
	need(c.Outbox != nil, "no outbox")
	need(c.Keys != nil, "no keys")
	need(c.Vault != vault.Master{}, "no vault master")
	need(c.Checker != nil, "no face checker")
	need(c.CheckTimeout >= 0 && c.CheckTimeout <= facecheck.MaxTimeout,
		fmt.Sprintf("check timeout must be 0 to %v", facecheck.MaxTimeout))
	need(c.Residents != nil, "no resident registry")
	need(c.LookupTimeout >= 0, "lookup timeout is negative")
	need(c.Policy != "", "no version of the privacy policy")
	need(c.MaxChecks >= 0, "max checks is negative")
	if c.MaxChecks == 0 {
		c.MaxChecks = DefaultMaxChecks
	}
	if c.CheckTimeout == 0 {
		c.CheckTimeout = facecheck.DefaultTimeout
	}
	if c.LookupTimeout == 0 {
		c.LookupTimeout = provider.DefaultTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Trouble == nil {
		c.Trouble = func() string { return "" }
	}
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	return errors.Join(missing...)
}

// Service applies the rules. It is safe for many goroutines at once.
type Service struct {
	Config
	Store   *Store
	vault   *vault.Vault
	metrics *metrics
	checks  chan struct{}             // a place for each call of the provider
	budget  *throttle.Limiter[string] // of changes, by the credential's name; nil: no bound
	// what credentials learn of persons, by their names
	identifications, subjects *throttle.Budget
	verifiers                 sync.Map // tokens.KeyID to *tokens.Key
}

// Open makes a service, announces its keys, so that their announcement is in the
// outbox before the first pass is signed, and looks which one signs. It starts
// nothing.
func Open(ctx context.Context, c Config) (*Service, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	m, err := newMetrics(c.Metrics, c.Outbox)
	if err != nil {
		return nil, fmt.Errorf("issuance: metrics: %w", err)
	}
	budget, err := newBudget(c.Changes, c.Now)
	if err != nil {
		return nil, err
	}
	identifications, subjects, err := newTakes(&c)
	if err != nil {
		return nil, err
	}
	s := &Service{Config: c, budget: budget, identifications: identifications, subjects: subjects, vault: vault.New(c.Vault, c.FieldKeys...), metrics: m, checks: make(chan struct{}, c.MaxChecks)}
	if s.AuditLog == nil {
		if s.AuditLog, err = audit.New(audit.Config{DB: s.Outbox.Database(), Key: s.vault.AuditKey(), Now: s.Now, Log: s.Log}); err != nil {
			return nil, fmt.Errorf("issuance: %w", err)
		}
	}
	s.Store = NewStore(s.Outbox, s.AuditLog)
	if err := s.Keys.AnnounceDue(ctx); err != nil {
		return nil, err
	}
	// Without a key in service it starts all the same, and the log says what keeps
	// each key: staff must be able to revoke.
	if err := s.Keys.Refresh(ctx); err != nil {
		return nil, err
	}
	s.Log.Info("issuer opened",
		zap.String("database", s.Outbox.Database().Name),
		zap.Int("partitions", s.Outbox.Partitions()),
		zap.String("real_person_check", s.Checker.Label()),
		zap.String("resident_registry", s.Residents.Label()))
	return s, nil
}

// Run erases what is older than the rules allow, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(eraseEvery)
	defer tick.Stop()
	for {
		s.eraseDue(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// newTakes bounds what one credential learns.
func newTakes(c *Config) (identifications, subjects *throttle.Budget, err error) {
	identifications, err = throttle.NewBudget(c.Identifications, staff.IdentificationsSpent, "this credential has identified as many passengers as it may", c.Now)
	if err != nil {
		return nil, nil, fmt.Errorf("issuance: %w", err)
	}
	subjects, err = throttle.NewBudget(c.Subjects, staff.SubjectsSpent, "this credential has asked for as many pseudonyms as it may today", c.Now)
	if err != nil {
		return nil, nil, fmt.Errorf("issuance: %w", err)
	}
	return identifications, subjects, nil
}
