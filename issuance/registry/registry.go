package registry

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"
	"time"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/throttle"
)

// Config is what a Store works with.
type Config struct {
	Database *database.DB
	Vault    account.Sealer
	// Trail takes an entry of each act of staff.
	Trail *audit.Trail
	// Lockout bounds the guesses at a proof (rule B1), by document.
	Lockout *throttle.Lockout
	// Contact is how an account's holder is reached, in somebody's transaction:
	// the Contact of account.Service.ProfileForStaff. It is a function because the
	// accounts need the Store's hooks first.
	Contact func(ctx context.Context, q database.Queries, account string) (account.Contact, error)
	// Profile locks an account's own row and returns what writes a new identity into
	// its profile: account.Service.IdentityForStaff.
	Profile func(ctx context.Context, tx *sql.Tx, account string) (write func(account.Identity) error, err error)
	// PhoneVerified reports whether a code has shown that the phone of an account is its
	// holder's (rule G40).
	PhoneVerified func(ctx context.Context, q database.Queries, account string) (bool, error)
	// Identify has a person seen by the real-person check, and confirmed by the resident
	// registry: issuance.Service.Identify.
	Identify func(ctx context.Context, p rules.Person, evidence string, from throttle.Caller) (Identified, error)
	// Limits to begin with. Zero: rules.DefaultLimits. See SetLimits.
	Limits rules.Limits
	// Policy is the version of the privacy policy in force (rule B12), the one of
	// account.Config.
	Policy string
	// Now is the clock. nil: time.Now.
	Now func() time.Time
}

// Store is the registry. It is safe for many goroutines at once.
type Store struct {
	Config
	limits atomic.Pointer[rules.Limits]
}

// New checks the configuration, reporting all that is wrong, and makes a Store.
func New(c Config) (*Store, error) {
	var all []error
	need := func(ok bool, what string) {
		if !ok {
			all = append(all, errors.New("registry: "+what))
		}
	}
	if c.Limits == (rules.Limits{}) {
		c.Limits = rules.DefaultLimits()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	need(c.Database != nil, "no database")
	need(c.Vault != nil, "no vault")
	need(c.Trail != nil, "no audit log")
	need(c.Lockout != nil, "no lockout")
	need(c.Contact != nil, "no way to an account's contact")
	need(c.Profile != nil, "no way to an account's profile")
	need(c.PhoneVerified != nil, "no way to an account's verified phone")
	need(c.Identify != nil, "no way to identify a person online")
	need(c.Policy != "", "no version of the privacy policy")
	b := &Store{Config: c}
	all = append(all, b.SetLimits(c.Limits))
	if err := errors.Join(all...); err != nil {
		return nil, err
	}
	return b, nil
}

// SetLimits changes the limits, for a Spring Festival or a summer (rule B3). The
// next decision goes by them.
func (b *Store) SetLimits(l rules.Limits) error {
	if err := l.Validate(); err != nil {
		return err
	}
	b.limits.Store(&l)
	return nil
}

// Limits are those in force.
func (b *Store) Limits() rules.Limits { return *b.limits.Load() }

// Ref names an entry of the registry.
type Ref struct {
	Account   string
	Passenger string // on the account's list; empty: the holder
}

// maxID bounds an id that comes from outside, bytes.
const maxID = 64

// idForm reports whether text can be an id: letters, digits and "_.:-". What is
// not never reaches the database.
func idForm(text string) bool {
	for i := range len(text) {
		c := text[i]
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '.' || c == ':' || c == '-') {
			return false
		}
	}
	return text != "" && len(text) <= maxID
}
