package issuance

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/realperson"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

// Config is what a Service works with.
type Config struct {
	// Store is the open database. The service does not close it. The publisher
	// of the control stream works on the same one.
	Store *store.Store
	// Signer signs passes under KeyID; keystore.Keys has both.
	Signer signing.Signer
	KeyID  tokens.KeyID
	// Vault is the master that seals personal data. Another master than the one
	// a database was filled with opens none of it.
	Vault vault.Master
	// Announce lists more public keys for gateways to accept, for instance a
	// load test's. Whoever holds one of them can make passes: leave it empty in
	// production.
	Announce []PublicKey
	// Checker decides whether the applicant is the person.
	Checker realperson.Checker
	// CheckTimeout bounds one real-person check, at most realperson.MaxTimeout.
	// 0: realperson.DefaultTimeout.
	CheckTimeout time.Duration
	// MaxChecks bounds the provider's calls in flight, those included that were
	// given up on but have not returned. Keep it well below what the HTTP server
	// serves at once: a provider that hangs must not keep staff from revoking.
	// 0: DefaultMaxChecks.
	MaxChecks int
	// Now is the clock of every rule. nil: time.Now.
	Now func() time.Time
	// Wake is called after a commit that put a record into the outbox, so that
	// it is published at once. It must not block. nil: nobody is woken.
	Wake func()
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
	need(c.Store != nil, "no store")
	need(c.Signer != nil, "no signer")
	need(c.KeyID != 0, "key id 0 is not a key")
	need(c.Vault != vault.Master{}, "no vault master")
	need(c.Checker != nil, "no real-person checker")
	need(c.CheckTimeout >= 0 && c.CheckTimeout <= realperson.MaxTimeout,
		fmt.Sprintf("check timeout must be 0 to %v", realperson.MaxTimeout))
	need(c.MaxChecks >= 0, "max checks is negative")
	if c.MaxChecks == 0 {
		c.MaxChecks = DefaultMaxChecks
	}
	if c.CheckTimeout == 0 {
		c.CheckTimeout = realperson.DefaultTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Wake == nil {
		c.Wake = func() {}
	}
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	return errors.Join(missing...)
}
