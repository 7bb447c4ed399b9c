package staff

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/tokens"
)

// Action is an operation that needs permission. The audit log uses the same names.
type Action string

// Actions at the counter, with the passenger's documents present.
const (
	// VerifyResident checks an original resident ID card: pending becomes verified or failed.
	VerifyResident Action = "verify_resident"
	// VerifyRareName does the same for an over-long, rare or traditional name (B1).
	VerifyRareName Action = "verify_rare_name"
	// PreVerify checks another original document: to-be-submitted becomes pre-verified.
	PreVerify Action = "pre_verify"
	// VerifyDelegated checks originals that a delegate brought (B10).
	VerifyDelegated Action = "verify_delegated"
	// ResolveDuplicate resolves "identity already registered" (B11).
	ResolveDuplicate Action = "resolve_duplicate"
	// CorrectIdentity replaces an identity that was checked wrongly by the original's (R03).
	CorrectIdentity Action = "correct_identity"
	// ExchangeTicket, ChangeTicket and RefundTicket are the services of B7.
	ExchangeTicket Action = "exchange_ticket"
	ChangeTicket   Action = "change_ticket"
	RefundTicket   Action = "refund_ticket"
)

// Actions on a temporary ID.
const (
	Revoke             Action = "revoke"
	Unrevoke           Action = "unrevoke"
	IssuePaperProof    Action = "issue_paper_proof"
	LookUpCredential   Action = "look_up_credential"
	ReadObjectAuditLog Action = "read_object_audit_log" // of one object
	Forgive            Action = "forgive"               // lets earlier passages of a credential not count
	// DeclareAmnesty and DeclareAmnestyEverywhere let passages at named stations, or at all, neither be
	// needed nor recorded for a time.
	DeclareAmnesty           Action = "declare_amnesty"
	DeclareAmnestyEverywhere Action = "declare_amnesty_everywhere"
	// EndAmnesty and EndAmnestyEverywhere end such a time early.
	EndAmnesty           Action = "end_amnesty"
	EndAmnestyEverywhere Action = "end_amnesty_everywhere"
	ListAmnesties        Action = "list_amnesties"
	// Identify returns the person of a scanned code, for a purpose of the credential (see [Member.For]).
	Identify Action = "identify"
)

// Actions of operators.
const (
	ReadAuditLog    Action = "read_audit_log" // of all objects
	VerifyAuditLog  Action = "verify_audit_log"
	ArchiveAuditLog Action = "archive_audit_log"
	ListKeys        Action = "list_keys"    // of the issuer and of gateways
	ReadStreams     Action = "read_streams" // the state of the streams and their publisher
	GenerateKey     Action = "generate_key"
	AnnounceKey     Action = "announce_key"
	UseKeyFrom      Action = "use_key_from"   // sets the time from which the key signs
	DeactivateKey   Action = "deactivate_key" // the key stops signing
	RetireKey       Action = "retire_key"
	DistrustKey     Action = "distrust_key"
	RevokeSubject   Action = "revoke_subject"
	AnnounceGateway Action = "announce_gateway" // announces a gateway's key
	WithdrawGateway Action = "withdraw_gateway"
	NewFieldKey     Action = "new_field_key" // of the vault
	ReEncrypt       Action = "re_encrypt"    // fields, with the newest field key
	DropFieldKey    Action = "drop_field_key"
	Backup          Action = "backup"
	Restore         Action = "restore" // the steps after a backup was restored
	Republish       Action = "republish"
	Erase           Action = "erase"
	ClearLockout    Action = "clear_lockout"
)

// Actions of the issuer itself, at the request of an account holder. No role may do them.
const (
	VerifyOnline  Action = "verify_online"  // pending or failed becomes verified, by face check and resident registry
	ResetPassword Action = "reset_password" // replaces a forgotten password
)

// Actions of other systems.
const (
	AskDecision  Action = "ask_decision"  // whether a passenger may buy, change or refund a ticket
	ReportTicket Action = "report_ticket" // a ticket was bought, changed or refunded
	// DeriveSubjects returns the pseudonyms in the verdicts of a day.
	DeriveSubjects Action = "derive_subjects"
	// RedeemAccountCode returns the account of a code that the account holder's app handed over.
	RedeemAccountCode Action = "redeem_account_code"
	SettleForeign     Action = "settle_foreign" // pre-verified becomes verified or failed
)

// rules lists the roles that may do each action; other roles are refused. The comments name the rule of
// docs/rules.md that decides; "our choice" is a decision of this project.
var rules = []struct {
	roles   []Role
	actions []Action
}{
	{[]Role{Window, Agency}, []Action{VerifyResident}},          // B, table: "station window or ticket agency"
	{[]Role{Window}, []Action{VerifyRareName}},                  // B1: "not agencies"
	{[]Role{Window}, []Action{PreVerify}},                       // B, table: "station window only"
	{[]Role{Window, Agency}, []Action{VerifyDelegated}},         // B10: resident ID at a window or an agency
	{[]Role{Window}, []Action{ResolveDuplicate}},                // B11: "at a station window"
	{[]Role{Window}, []Action{CorrectIdentity}},                 // our choice: where the original is compared
	{[]Role{Window, Agency, Machine}, []Action{ExchangeTicket}}, // B7: "agencies: exchange only", machines too
	{[]Role{Window}, []Action{ChangeTicket, RefundTicket}},      // B7
	{[]Role{Window, Police}, []Action{Revoke}},                  // our choice: the passenger is present there
	{[]Role{Police, Operator}, []Action{Unrevoke}},              // our choice: not the window that revoked
	{[]Role{Window, Police}, []Action{Forgive}},                 // our choice: as revoking
	// Our choice: the police desk of a station releases its gates in an emergency, without waiting for an
	// operator. A stolen desk credential must not switch passback off in the whole network: only an operator may.
	{[]Role{Police, Operator}, []Action{DeclareAmnesty, EndAmnesty}},
	{[]Role{Operator}, []Action{DeclareAmnestyEverywhere, EndAmnestyEverywhere}},
	{[]Role{Window, Police, Operator}, []Action{ListAmnesties}}, // our choice
	{[]Role{Police}, []Action{IssuePaperProof}},                 // A7, A14: "station police window"
	{[]Role{Police}, []Action{LookUpCredential}},                // our choice
	{[]Role{Window, Agency, Police}, []Action{Identify}},        // our choice: the passenger is present there
	{[]Role{Police, Operator}, []Action{ReadObjectAuditLog}},    // our choice
	{[]Role{Operator}, []Action{ // our choice
		ReadAuditLog, VerifyAuditLog, ArchiveAuditLog, ListKeys, ReadStreams,
		GenerateKey, AnnounceKey, UseKeyFrom, DeactivateKey, RetireKey, DistrustKey, RevokeSubject,
		AnnounceGateway, WithdrawGateway, NewFieldKey, ReEncrypt, DropFieldKey, Backup, Restore, Republish, Erase, ClearLockout,
	}},
	{[]Role{Ticketing}, []Action{AskDecision, ReportTicket, DeriveSubjects, RedeemAccountCode}}, // our choice
	{nil, []Action{VerifyOnline}},                // G39: the check itself
	{nil, []Action{ResetPassword}},               // our choice: the account holder, by the verified phone
	{[]Role{Authority}, []Action{SettleForeign}}, // B, table: "national authority"
}

// Actions lists all actions.
func Actions() (all []Action) {
	for _, r := range rules {
		all = append(all, r.actions...)
	}
	return all
}

// Allowed returns a copy of the roles that may do an action; none for an unknown action.
func Allowed(a Action) []Role { return slices.Clone(allowed(a)) }

func allowed(a Action) []Role {
	for _, r := range rules {
		if slices.Contains(r.actions, a) {
			return r.roles
		}
	}
	return nil
}

// Purpose is the purpose of an identification. The names are those of the scopes of a temporary ID (rule A2).
type Purpose string

// The purposes.
const (
	Sale         Purpose = "sale"
	Refunding    Purpose = "refund"
	Changing     Purpose = "change"
	Verification Purpose = "verify"
)

// purposes lists the roles that may identify passengers for each purpose. Our choice: agencies sell tickets
// and exchange them, which is a verification, and do not change or refund (rule B7); the police desk
// verifies identities.
var purposes = []struct {
	purpose Purpose
	scope   tokens.Scope
	roles   []Role
}{
	{Sale, tokens.Sale, []Role{Window, Agency}},
	{Refunding, tokens.Refund, []Role{Window}},
	{Changing, tokens.Change, []Role{Window}},
	{Verification, tokens.Verify, []Role{Window, Agency, Police}},
}

// Purposes lists all purposes.
func Purposes() []Purpose {
	all := make([]Purpose, len(purposes))
	for i, p := range purposes {
		all[i] = p.purpose
	}
	return all
}

// ErrPurpose means that a name is not a purpose.
var ErrPurpose = errors.New("a purpose is sale, refund, change or verify")

// ParsePurpose parses the name of a purpose.
func ParsePurpose(text string) (Purpose, error) {
	if p := Purpose(text); slices.Contains(Purposes(), p) {
		return p, nil
	}
	return "", ErrPurpose
}

// Scope is the scope that the code of a temporary ID must have; 0 for an unknown purpose.
func (p Purpose) Scope() tokens.Scope {
	for _, known := range purposes {
		if known.purpose == p {
			return known.scope
		}
	}
	return 0
}

func (p Purpose) roles() []Role {
	for _, known := range purposes {
		if known.purpose == p {
			return known.roles
		}
	}
	return nil
}

// For refuses with PurposeForbidden a purpose that the credential, or each of its roles, does not allow.
// Call As(Identify) first.
func (m Member) For(p Purpose) error {
	if m.credential != nil && (len(m.credential.Purposes) == 0 || slices.Contains(m.credential.Purposes, p)) &&
		slices.ContainsFunc(p.roles(), func(r Role) bool { return slices.Contains(m.credential.Roles, r) }) {
		return nil
	}
	return problem.New(PurposeForbidden, "this credential may not identify passengers for this purpose")
}

// Permissions is what a credential allows.
type Permissions struct {
	Name     string
	Roles    []Role
	Actions  []Action
	Purposes []Purpose // for which it may identify passengers
	NotAfter time.Time // zero: no end
}

// Permissions lists what the member's credential allows, and counts nothing.
func (m Member) Permissions() (p Permissions) {
	if m.credential == nil {
		return p
	}
	has := func(r Role) bool { return slices.Contains(m.credential.Roles, r) }
	p = Permissions{Name: m.credential.Name, Roles: slices.Clone(m.credential.Roles), NotAfter: m.credential.NotAfter}
	for _, a := range Actions() {
		if slices.ContainsFunc(allowed(a), has) {
			p.Actions = append(p.Actions, a)
		}
	}
	for _, purpose := range Purposes() {
		if m.For(purpose) == nil {
			p.Purposes = append(p.Purposes, purpose)
		}
	}
	return p
}

// purposeFaults reports the faults of a credential's purposes.
func (c *Credential) purposeFaults() (faults []error) {
	for i, p := range c.Purposes {
		if _, err := ParsePurpose(string(p)); err != nil {
			faults = append(faults, fmt.Errorf("purposes[%d]: %w", i, err))
		} else if slices.Contains(c.Purposes[:i], p) {
			faults = append(faults, fmt.Errorf("purposes[%d]: %s is a duplicate", i, p))
		} else if !slices.ContainsFunc(p.roles(), func(r Role) bool { return slices.Contains(c.Roles, r) }) {
			faults = append(faults, fmt.Errorf("purposes[%d]: none of the credential's roles may identify for %s", i, p))
		}
	}
	return faults
}
