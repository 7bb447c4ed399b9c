package credential

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/keyring"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/facecheck"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

// Config is what a Service works with.
type Config struct {
	// Store is the open database. The service does not close it. The publisher
	// of the control stream works on the same one.
	Store *store.Store
	// Keys sign passes, each in its time.
	Keys Keys
	// Signer signs passes under KeyID where there are no Keys: from the first
	// moment, whether gateways know the key or not. For tests only.
	Signer signing.Signer
	KeyID  tokens.KeyID
	// Vault is the master that seals personal data. Another master than the one
	// a database was filled with opens none of it.
	Vault vault.Master
	// FieldKeys are what seals since keys were rotated; none: the master's own.
	FieldKeys []vault.FieldKey
	// Trail is the audit log of the same database. nil: Open makes one, without metrics.
	Trail *audit.Trail
	// Announce lists more public keys for gateways to accept, for instance a
	// load test's. Whoever holds one of them can make passes: leave it empty in
	// production.
	Announce []PublicKey
	// Checker decides whether the applicant is the person.
	Checker facecheck.Checker
	// CheckTimeout bounds one real-person check, at most facecheck.MaxTimeout.
	// 0: facecheck.DefaultTimeout.
	CheckTimeout time.Duration
	// MaxChecks bounds the provider's calls in flight, those included that were
	// given up on but have not returned. Keep it well below what the HTTP server
	// serves at once: a provider that hangs must not keep staff from revoking.
	// 0: DefaultMaxChecks.
	MaxChecks int
	// Residents knows the resident ID cards.
	Residents provider.Residents
	// LookupTimeout bounds one question to it. 0: provider.DefaultTimeout.
	LookupTimeout time.Duration
	// Policy is the version of the privacy policy in force (rules B12 and G34). Applicants
	// who are not logged in must agree to this one.
	Policy string
	// Accounts are the passengers' accounts, in the same database; nil: nobody can
	// be logged in.
	Accounts Accounts
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
	// Wake is called after a commit that put a record into the outbox, so that
	// it is published at once. It must not block. nil: nobody is woken.
	Wake func()
	// Trouble says in words why publishing fails and since when, for Readiness; ""
	// while it works. nil: it always works.
	Trouble func() string
	// WakeOne is Wake for a record of one partition of the stream. nil: Wake.
	WakeOne func(partition int)
	// Log receives faults and starts; no personal data. nil: no log.
	Log *zap.Logger
	// Metrics receives the counters. nil: they are counted and shown nowhere.
	Metrics prometheus.Registerer
}

// Accounts is what the service asks of account.Service.
type Accounts interface {
	// LockLogin locks the login until the transaction ends, and refuses one that has ended.
	LockLogin(ctx context.Context, tx *sql.Tx, h account.Holder) error
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
	need(c.Store != nil, "no store")
	need(c.Keys != nil || c.Signer != nil, "no keys, and no signer")
	need(c.Keys != nil || c.KeyID != 0, "key id 0 is not a key")
	if c.Keys == nil {
		c.Keys = oneKey{keyring.Key{ID: c.KeyID, Signer: c.Signer}}
	}
	need(c.Vault != vault.Master{}, "no vault master")
	need(c.Checker != nil, "no real-person checker")
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
	if c.Wake == nil {
		c.Wake = func() {}
	}
	if c.Trouble == nil {
		c.Trouble = func() string { return "" }
	}
	if c.WakeOne == nil {
		c.WakeOne = func(int) { c.Wake() }
	}
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	return errors.Join(missing...)
}
