// Package credential has the issuer's rules on temporary IDs: applications, face checks,
// decisions, sessions, codes, revocations and erasure. docs/issuance.md describes the
// whole, docs/rules.md where each rule is checked.
//
// It promises:
//   - An application is approved only after a successful face check and a match in the
//     resident registry.
//   - Whatever the number of concurrent requests and issuers, a person is approved at most
//     three times a calendar month and has at most one active credential.
//   - A pass is signed only for an active credential, under an active key, and uses up a
//     passed check that is at most two minutes old.
//   - A check that fails, times out or cannot be done uses up nothing.
//   - An acknowledged write survives a crash.
//   - A revocation is enqueued for the control stream, and a staff action is recorded in
//     the audit log, in the transaction that makes the change.
//   - After a logout or a closed page, nothing is shown to that login or page.
//   - Personal data are encrypted before they are stored, erased after 31 days, and never
//     part of an error.
//
// It does not compare faces and does not know cards: packages facecheck and provider call
// external services, whose answers are trusted. Its only throttles are lockouts after
// failures and staff budgets; package httpapi limits request rates. Codes already on an
// anchor-mode phone stay valid for up to 30 minutes after logout.
//
// Types express permissions. A method of [Service] for passengers takes a [Holder], which
// only [Service.Authorize] makes, for a [Visitor] with an access token or a login. A method
// for staff takes a staff.Member. Each file has the rules of its subject and, as methods of
// [Store], its tables and the decisions that need a lock. Serial indexes of a day are never
// reused, and have few gaps.
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

// Config has the parts and settings of a Service.
type Config struct {
	// Outbox is open, with the database. The publisher of the control stream uses the same
	// one. The service does not close it.
	Outbox *outbox.Outbox
	// Keys decides which key signs passes.
	Keys *keyring.Ring
	// Vault is the master key that encrypts personal data. A database that was filled with
	// another one cannot be decrypted.
	Vault vault.Master
	// FieldKeys encrypt since the first key rotation; none: the key of the master.
	FieldKeys []vault.FieldKey
	// AuditLog is the audit log of the same database. nil: Open makes one, without metrics.
	AuditLog *audit.Log
	// Checker decides whether the applicant is the person.
	Checker facecheck.Checker
	// CheckTimeout bounds one face check, at most facecheck.MaxTimeout. 0:
	// facecheck.DefaultTimeout.
	CheckTimeout time.Duration
	// MaxChecks bounds concurrent calls of the face check provider, including those that
	// timed out and have not returned. Keep it well below the HTTP server's limit: a
	// provider that hangs must not keep staff from revoking. 0: DefaultMaxChecks.
	MaxChecks int
	// Residents is the resident registry.
	Residents provider.ResidentRegistry
	// LookupTimeout bounds one of its lookups. 0: provider.DefaultTimeout.
	LookupTimeout time.Duration
	// Policy is the version of the active privacy policy (rules B12 and G34). Applicants
	// without a login must agree to this one.
	Policy string
	// Accounts are the passengers' accounts, in the same database; nil: no login exists.
	Accounts *account.Service
	// Lockout locks documents and addresses after too many failed checks. nil: failures are
	// not counted.
	Lockout *throttle.Lockout
	// Changes bounds the revocations, unrevocations and forgivings of one staff credential.
	// Zero: no bound.
	Changes throttle.Rate
	// Identifications bounds the passengers that one staff credential identifies, and
	// Subjects the pseudonyms that it requests. Zero: no bound.
	Identifications, Subjects throttle.Allowance
	// Now is the clock of every rule. nil: time.Now.
	Now func() time.Time
	// Trouble is why publishing fails and since when, for Readiness; "" while it works.
	// nil: it always works.
	Trouble func() string
	// Log gets faults and starts, without personal data. nil: no log.
	Log *zap.Logger
	// Metrics registers the counters. nil: they are not exported.
	Metrics prometheus.Registerer
}

// DefaultMaxChecks is half of the HTTP server's default limit of concurrent requests.
const DefaultMaxChecks = 128

// complete sets defaults and reports all missing or invalid fields.
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

// Service applies the rules. It is safe for concurrent use.
type Service struct {
	Config
	Store   *Store
	vault   *vault.Vault
	metrics *metrics
	checks  chan struct{}             // one slot for each call of the provider
	budget  *throttle.Limiter[string] // of changes, by staff credential name; nil: no bound
	// persons revealed, and stations with an amnesty, by staff credential name
	identifications, subjects, amnesties *throttle.Budget
	verifiers                            sync.Map // tokens.KeyID to *tokens.Key
}

// Open makes a service and announces its keys, so that the announcement is in the outbox
// before the first pass is signed. It starts nothing.
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
	amnesties, err := throttle.NewBudget(amnestyAllowance, staff.AmnestiesSpent, "this credential has declared amnesties for as many stations as it may; nothing was changed", c.Now)
	if err != nil {
		return nil, fmt.Errorf("issuance: %w", err)
	}
	s := &Service{Config: c, budget: budget, identifications: identifications, subjects: subjects, amnesties: amnesties, vault: vault.New(c.Vault, c.FieldKeys...), metrics: m, checks: make(chan struct{}, c.MaxChecks)}
	if s.AuditLog == nil {
		if s.AuditLog, err = audit.New(audit.Config{DB: s.Outbox.Database(), Key: s.vault.AuditKey(), Now: s.Now, Log: s.Log}); err != nil {
			return nil, fmt.Errorf("issuance: %w", err)
		}
	}
	s.Store = NewStore(s.Outbox, s.AuditLog)
	if err := s.Keys.AnnounceDue(ctx); err != nil {
		return nil, err
	}
	// Without an active key the issuer starts anyway, and the log has the reason for each
	// key: staff must be able to revoke.
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

// Run erases old records, and repeats amnesties before the stream can have forgotten them,
// until ctx ends.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(eraseEvery)
	defer tick.Stop()
	for {
		s.eraseDue(ctx)
		s.keepExceptions(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// newTakes makes the bounds on what one staff credential learns of persons.
func newTakes(c *Config) (identifications, subjects *throttle.Budget, err error) {
	identifications, err = throttle.NewBudget(c.Identifications, staff.IdentificationsSpent, "this credential has identified as many passengers as it may; retry later", c.Now)
	if err != nil {
		return nil, nil, fmt.Errorf("issuance: %w", err)
	}
	subjects, err = throttle.NewBudget(c.Subjects, staff.SubjectsSpent, "this credential has requested as many pseudonyms as it may today", c.Now)
	if err != nil {
		return nil, nil, fmt.Errorf("issuance: %w", err)
	}
	return identifications, subjects, nil
}
