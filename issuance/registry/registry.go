// Package registry stores the real-name registry of rule B: account holders, the passengers on their
// lists, their tickets, and the checks of identities. Package rules makes the decisions; this package
// applies them to the database.
//
// It promises:
//   - Counts and the decisions based on them change in one transaction under the lock of the holder's
//     row. With any number of concurrent requests at several issuers, a list exceeds its limit only
//     by passengers verified with both originals, no purchase exceeds a limit, and a repeated report
//     counts once.
//   - One document opens one account (rule B11).
//   - A status changes only as a rule allows, by a member whose role allows it, with an entry in the
//     audit log in the same transaction, and only if the entry has not changed since it was viewed.
//   - Each entry that is shown to staff is in the audit log.
//   - Guesses at a proof (rule B1) are bounded by the lockout's rule for documents and counted apart
//     from all other failures.
//   - A ticket's booking and its cancellation reach the outbox exactly once, whatever crashes, under the
//     pseudonyms of the person who travels with it.
//   - Personal fields are stored only encrypted, documents and tickets are found by keyed hashes with
//     separate purposes, and no error repeats what was entered. A closed account leaves a hash for a
//     bounded time, or nothing.
//
// It does not share a check between entries of one person. Our choice: each entry is checked
// separately, so that a list reveals nothing about what others entered. It does not know whether a
// ticketing system's report is true, whether a child travels with the named adult (rule B9), or
// whether a holder's contact is their own.
//
// Locks are taken in this order: the account's row (package account), the holder's,
// identities, passengers, tickets, failures.
//
// Files: registry.go has the Store and the principal, row.go the rows of the tables, hooks.go the
// account's hooks, identity.go the ownership of documents, list.go the passenger list. search.go,
// verify.go, correct.go and online.go check entries; decision.go, event.go, ticket.go and
// itinerary.go are for ticketing, booking.go for what gateways know of tickets; export.go exports personal data and deletes expired rows.
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
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/issuance/vault"
)

// Config configures a [Store].
type Config struct {
	Database *database.DB
	Vault    *vault.Vault
	// AuditLog receives an entry for each action of staff.
	AuditLog *audit.Log
	// Lockout bounds the guesses at a proof (rule B1), by document.
	Lockout *throttle.Lockout
	// Identify has a person checked by the face check and confirmed by the resident registry:
	// credential.Service.Identify.
	Identify func(ctx context.Context, p identity.Person, evidence string, from throttle.Caller) (Identified, error)
	// Limits are the initial limits. Zero: [rules.DefaultLimits]. See [Store.SetLimits].
	Limits rules.Limits
	// Policy is the version of the current privacy policy (rule B12), the same as in
	// [account.Config].
	Policy string
	// BookingStream receives the bookings that gateways need, placed by [PlaceBooking]. nil: they wait in
	// the tables until an issuer publishes them.
	BookingStream *outbox.Outbox
	// Opens is the longest time before departure at which a gate of the railway admits, at most
	// [MaxOpens]. Zero: MaxOpens.
	Opens time.Duration
	// Now is the clock. nil: [time.Now].
	Now func() time.Time
}

// Store is the registry. It is safe for concurrent use.
type Store struct {
	Config
	limits atomic.Pointer[rules.Limits]
}

// New checks the configuration and returns a Store. The error reports every fault of the
// configuration.
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
	need(c.Database != nil, "Database is required")
	need(c.Vault != nil, "Vault is required")
	need(c.AuditLog != nil, "AuditLog is required")
	need(c.Lockout != nil, "Lockout is required")
	need(c.Identify != nil, "Identify is required")
	need(c.Opens >= 0 && c.Opens <= MaxOpens, "Opens must be 0 to 24h")
	need(c.Policy != "", "Policy must be a version of the privacy policy")
	s := &Store{Config: c}
	all = append(all, s.SetLimits(c.Limits))
	if err := errors.Join(all...); err != nil {
		return nil, err
	}
	return s, nil
}

// SetLimits changes the limits, for a Spring Festival or a summer (rule B3). They apply from the
// next decision.
func (s *Store) SetLimits(l rules.Limits) error {
	if err := l.Validate(); err != nil {
		return err
	}
	s.limits.Store(&l)
	return nil
}

// Limits returns the current limits.
func (s *Store) Limits() rules.Limits { return *s.limits.Load() }

// Principal is the acting member of staff and the request, for the role check and the audit log.
type Principal struct {
	By      staff.Member
	Request string // the id of the request; may be empty
}

// counters map roles to counters. The kind of a counter comes from the member's role, never from
// the request.
var counters = map[staff.Role]rules.Actor{staff.Window: rules.Window, staff.Agency: rules.Agency, staff.Machine: rules.Machine}

// counter returns the counter of a member who may check identities. Other roles are refused.
func (a Principal) counter() (rules.Actor, error) {
	role, err := a.By.As(staff.VerifyResident) // an action that every counter may do
	return counters[role], err
}

// servingCounter returns the counter or machine whose services the member asks about. Only roles
// that may exchange tickets have one.
func (a Principal) servingCounter() (rules.Actor, error) {
	role, err := a.By.As(staff.ExchangeTicket)
	return counters[role], err
}

// audit records an action of the principal in the audit log.
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

// maxID bounds an id from outside, in bytes.
const maxID = 64

// isID reports whether text has the form of an id: letters, digits and "_.:-". Other text never
// reaches the database.
func isID(text string) bool {
	for i := range len(text) {
		c := text[i]
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '.' || c == ':' || c == '-') {
			return false
		}
	}
	return text != "" && len(text) <= maxID
}

// Problems are the problems of the registry, in addition to those of package rules.
var Problems problem.Table

// The problems of the registry.
var (
	EntryNotFound = Problems.Add(404, "registry_entry_not_found",
		"There is no such account holder or passenger.", "未找到该注册用户或乘车人。",
		"Load the list again.", "请重新打开列表。")
	EntryChanged = Problems.Add(409, "registry_entry_changed",
		"The entry has changed since you opened it.", "信息已有更新。",
		"Open it again and repeat the step.", "请重新查看后再办理。")
	NotRegistered = Problems.Add(404, "identity_not_registered",
		"No account has this identity.", "该身份信息未被注册。",
		"The person can register it.", "可直接注册。")
	QuestionInvalid = Problems.Add(422, "ticket_question_invalid",
		"The ticket question is not valid.", "查询内容有误。",
		"Correct it and send it again.", "请更正后重新提交。")
	EventInvalid = Problems.Add(422, "ticket_event_invalid",
		"The report about a ticket is not valid.", "车票信息有误。",
		"Correct it and send it again.", "请更正后重新提交。")
	TicketUnknown = Problems.Add(404, "ticket_unknown",
		"The ticket is unknown.", "未找到该车票。",
		"Report its purchase first, or check the reference.", "请先上报购票信息，或核对票号。")
	TicketConflict = Problems.Add(409, "ticket_conflict",
		"A different report exists for this ticket.", "该车票已有不同的记录。",
		"Check the reference and the earlier reports.", "请核对票号及此前上报的信息。")
	TicketsUnfinished = Problems.Add(409, "tickets_unfinished",
		"There are tickets for journeys that are not over.", "尚有未完成的行程。",
		"Refund them, or try again after the time shown.", "请先退票，或在所示时间后再试。")
)

var (
	errEntryNotFound = problem.New(EntryNotFound, "no such account, or no such passenger on its list")
	errEntryChanged  = problem.New(EntryChanged, "version is not the current version of the entry; nothing was changed: read the entry and try again")
)
