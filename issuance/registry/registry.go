// Package registry keeps the real-name registry of rule B: the holders of accounts,
// the passengers on their lists, the tickets they bought, and who checked whom.
// What is allowed is package rules' to say; here its rules meet the database.
//
// It promises:
//   - Counts and what depends on them change in one transaction under the lock of
//     the holder's row. However many come at once, at however many issuers, a list
//     goes beyond its limit only by passengers who are verified with both originals,
//     no purchase goes beyond one, and a repeated report counts once.
//   - One document opens one account (rule B11).
//   - A status changes only by what a rule allows, by a member whose role may do
//     it, with an entry in the audit log in the same transaction, and only if
//     the entry is still the one that was looked at.
//   - Each entry that is shown to staff is in the audit log.
//   - What proves a visit (rule B1) can be guessed as often as the failures' rule
//     for documents allows, counted apart from all other failures.
//   - Personal fields are in the database only sealed, documents and tickets are
//     found by keyed hashes under purposes of their own, and no error repeats what
//     was entered. A closed account leaves a hash for a bounded time, or nothing.
//
// It does not promise that a person is known everywhere once checked somewhere:
// ours, each entry is checked on its own, so that nobody learns from his list what
// others entered. It does not know whether a report of a ticketing system is true,
// whether a child travels with the adult whom the caller names (rule B9), or that
// a Holder's contact is his.
//
// Locks are taken in this order: the account's row (package account), the holder's,
// identities, passengers, tickets, failures.
//
// Files: registry.go has the Store and who acts, row.go the rows of the tables, hooks.go
// the account's hooks, identity.go whose a document is, list.go the passenger list; find.go,
// verify.go, correct.go and online.go the checks of an entry; decision.go, event.go, ticket.go
// and itinerary.go ticketing; export.go what is held of an account and when it goes.
package registry

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/issuance/vault"
)

// Config is what a Store works with.
type Config struct {
	Database *database.DB
	Vault    *vault.Vault
	// AuditLog takes an entry of each act of staff.
	AuditLog *audit.Log
	// Lockout bounds the guesses at a proof (rule B1), by document.
	Lockout *throttle.Lockout
	// Identify has a person seen by the face check, and confirmed by the resident
	// registry: credential.Service.Identify.
	Identify func(ctx context.Context, p identity.Person, evidence string, from throttle.Caller) (Identified, error)
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
	need(c.AuditLog != nil, "no audit log")
	need(c.Lockout != nil, "no lockout")
	need(c.Identify != nil, "no way to identify a person online")
	need(c.Policy != "", "no version of the privacy policy")
	s := &Store{Config: c}
	all = append(all, s.SetLimits(c.Limits))
	if err := errors.Join(all...); err != nil {
		return nil, err
	}
	return s, nil
}

// SetLimits changes the limits, for a Spring Festival or a summer (rule B3). The
// next decision goes by them.
func (s *Store) SetLimits(l rules.Limits) error {
	if err := l.Validate(); err != nil {
		return err
	}
	s.limits.Store(&l)
	return nil
}

// Limits are those in force.
func (s *Store) Limits() rules.Limits { return *s.limits.Load() }

// Principal says who acts, for the role and the audit log.
type Principal struct {
	By      staff.Member
	Request string // the id of the request; may be empty
}

// counters are what a role makes a member: the kind of counter comes from the role,
// never from the request.
var counters = map[staff.Role]rules.Actor{staff.Window: rules.Window, staff.Agency: rules.Agency, staff.Machine: rules.Machine}

// counter is the counter that may check identities; other roles are refused.
func (a Principal) counter() (rules.Actor, error) {
	role, err := a.By.As(staff.VerifyResident) // what every counter may do
	return counters[role], err
}

// serves is the counter or machine whose services the member asks about; only
// those that may exchange tickets may do any service.
func (a Principal) serves() (rules.Actor, error) {
	role, err := a.By.As(staff.ExchangeTicket)
	return counters[role], err
}

// audit writes an act of the principal into the audit log.
func (s *Store) audit(ctx context.Context, tx *sql.Tx, a Principal, action staff.Action, on Ref, detail string) error {
	o := audit.Object{Kind: audit.Account, ID: on.Account}
	if on.Passenger != "" {
		o = audit.Object{Kind: audit.Passenger, ID: on.Passenger}
	}
	e, err := audit.By(a.By, action, o, s.Now().UnixMilli())
	if err != nil {
		return err
	}
	e.Detail, e.Request = detail, a.Request
	return s.AuditLog.Append(ctx, tx, e)
}

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
