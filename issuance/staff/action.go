package staff

import (
	"errors"
	"fmt"
	"slices"

	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/tokens"
)

// Action is what somebody may be allowed to do. The audit trail names what was
// done by the same words.
type Action string

// At the counter, with the passenger's documents in hand.
const (
	// VerifyResident has seen a resident ID card: pending becomes verified or failed.
	VerifyResident Action = "verify_resident"
	// VerifyRareName does so for an over-long, rare or traditional name (B1).
	VerifyRareName Action = "verify_rare_name"
	// PreVerify has seen another document: to-be-submitted becomes pre-verified.
	PreVerify Action = "pre_verify"
	// VerifyDelegated has seen the originals that somebody else brought (B10).
	VerifyDelegated Action = "verify_delegated"
	// ResolveDuplicate settles "identity already registered" (B11).
	ResolveDuplicate Action = "resolve_duplicate"
	// CorrectIdentity writes the original over an identity that was checked wrongly (R03).
	CorrectIdentity Action = "correct_identity"
	// ExchangeTicket, ChangeTicket and RefundTicket are services of B7.
	ExchangeTicket Action = "exchange_ticket"
	ChangeTicket   Action = "change_ticket"
	RefundTicket   Action = "refund_ticket"
)

// To a temporary ID.
const (
	Revoke             Action = "revoke"
	Unrevoke           Action = "unrevoke"
	IssuePaperProof    Action = "issue_paper_proof"
	LookUpCredential   Action = "look_up_credential"
	ReadObjectAuditLog Action = "read_object_audit_log" // of one object
	// Identify tells who the person of a scanned code is, for a purpose that the
	// credential has (see Member.For).
	Identify Action = "identify"
)

// By those who run the issuer.
const (
	ReadAuditLog    Action = "read_audit_log" // of everybody
	VerifyAuditLog  Action = "verify_audit_log"
	ArchiveAuditLog Action = "archive_audit_log"
	GenerateKey     Action = "generate_key"
	AnnounceKey     Action = "announce_key"
	UseKeyFrom      Action = "use_key_from"   // fixes when it signs
	DeactivateKey   Action = "deactivate_key" // it signs nothing more
	RetireKey       Action = "retire_key"
	DistrustKey     Action = "distrust_key"
	RevokeSubject   Action = "revoke_subject"
	NewFieldKey     Action = "new_field_key" // of the vault
	ReEncrypt       Action = "re_encrypt"    // fields under the newest field key
	DropFieldKey    Action = "drop_field_key"
	Backup          Action = "backup"
	Restore         Action = "restore" // what follows when a backup came back
	Republish       Action = "republish"
	Erase           Action = "erase"
	ClearLockout    Action = "clear_lockout" // that failures led to
)

// By the issuer itself, at the wish of an account's holder. No role may do them.
const (
	VerifyOnline  Action = "verify_online"  // pending or failed becomes verified, by face and resident registry
	ResetPassword Action = "reset_password" // a forgotten password has a way back
)

// By other systems.
const (
	AskDecision  Action = "ask_decision"  // may this passenger buy, change, have refunded
	ReportTicket Action = "report_ticket" // a ticket was bought, changed, refunded
	// DeriveSubjects tells the pseudonyms that verdicts of a day carry.
	DeriveSubjects Action = "derive_subjects"
	// RedeemAccountCode learns whose account it is from a code that the holder's app
	// handed over.
	RedeemAccountCode Action = "redeem_account_code"
	SettleForeign     Action = "settle_foreign" // pre-verified becomes verified or failed
)

// rules is who may do what; nobody else may. The letters are those of the rules
// that decide; "ours" is a decision of this project.
var rules = []struct {
	roles   []Role
	actions []Action
}{
	{[]Role{Window, Agency}, []Action{VerifyResident}},          // B, table: "station window or ticket agency"
	{[]Role{Window}, []Action{VerifyRareName}},                  // B1: "not agencies"
	{[]Role{Window}, []Action{PreVerify}},                       // B, table: "station window only"
	{[]Role{Window, Agency}, []Action{VerifyDelegated}},         // B10: resident ID at a window or an agency
	{[]Role{Window}, []Action{ResolveDuplicate}},                // B11: "at a station window"
	{[]Role{Window}, []Action{CorrectIdentity}},                 // ours: where the original is compared
	{[]Role{Window, Agency, Machine}, []Action{ExchangeTicket}}, // B7: "agencies: exchange only", machines too
	{[]Role{Window}, []Action{ChangeTicket, RefundTicket}},      // B7
	{[]Role{Window, Police}, []Action{Revoke}},                  // ours: who stands before the passenger
	{[]Role{Police, Operator}, []Action{Unrevoke}},              // ours: not the window that revoked
	{[]Role{Police}, []Action{IssuePaperProof}},                 // A7, A14: "station police window"
	{[]Role{Police}, []Action{LookUpCredential}},                // ours
	{[]Role{Window, Agency, Police}, []Action{Identify}},        // ours: who stands before the passenger
	{[]Role{Police, Operator}, []Action{ReadObjectAuditLog}},    // ours
	{[]Role{Operator}, []Action{ // ours
		ReadAuditLog, VerifyAuditLog, ArchiveAuditLog,
		GenerateKey, AnnounceKey, UseKeyFrom, DeactivateKey, RetireKey, DistrustKey, RevokeSubject,
		NewFieldKey, ReEncrypt, DropFieldKey, Backup, Restore, Republish, Erase, ClearLockout,
	}},
	{[]Role{Ticketing}, []Action{AskDecision, ReportTicket, DeriveSubjects, RedeemAccountCode}}, // ours
	{nil, []Action{VerifyOnline}},                // G39: the check itself
	{nil, []Action{ResetPassword}},               // ours: the holder, by the verified phone
	{[]Role{Authority}, []Action{SettleForeign}}, // B, table: "national authority"
}

// Actions lists the closed list.
func Actions() (all []Action) {
	for _, r := range rules {
		all = append(all, r.actions...)
	}
	return all
}

// Allowed lists the roles that may do an action, in a copy; none for an action
// that does not exist.
func Allowed(a Action) []Role { return slices.Clone(allowed(a)) }

func allowed(a Action) []Role {
	for _, r := range rules {
		if slices.Contains(r.actions, a) {
			return r.roles
		}
	}
	return nil
}

// Purpose is what a passenger is identified for. Its names are those of the scopes
// that a temporary ID has (rule A2).
type Purpose string

// The purposes.
const (
	Sale         Purpose = "sale"
	Refunding    Purpose = "refund"
	Changing     Purpose = "change"
	Verification Purpose = "verify"
)

// purposes says which roles may identify for what. Our choice: agencies sell tickets
// and exchange them, which is a verification, and neither change nor refund (rule B7);
// the police desk verifies who a person is.
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

// Purposes lists the closed list.
func Purposes() []Purpose {
	all := make([]Purpose, len(purposes))
	for i, p := range purposes {
		all[i] = p.purpose
	}
	return all
}

// ErrPurpose says that a name is no purpose.
var ErrPurpose = errors.New("a purpose is sale, refund, change or verify")

// ParsePurpose reads a purpose's name.
func ParsePurpose(text string) (Purpose, error) {
	if p := Purpose(text); slices.Contains(Purposes(), p) {
		return p, nil
	}
	return "", ErrPurpose
}

// Scope is the use that a temporary ID must be good for.
func (p Purpose) Scope() tokens.Scope {
	for _, known := range purposes {
		if known.purpose == p {
			return known.scope
		}
	}
	return 0 // good for no use
}

func (p Purpose) roles() []Role {
	for _, known := range purposes {
		if known.purpose == p {
			return known.roles
		}
	}
	return nil
}

// For refuses with PurposeForbidden what the credential, or each of its roles, may
// not identify a passenger for. Ask As(Identify) before.
func (m Member) For(p Purpose) error {
	if m.credential != nil && (len(m.credential.Purposes) == 0 || slices.Contains(m.credential.Purposes, p)) &&
		slices.ContainsFunc(p.roles(), func(r Role) bool { return slices.Contains(m.credential.Roles, r) }) {
		return nil
	}
	return problem.New(PurposeForbidden, "this credential may not identify passengers for this purpose")
}

// purposeFaults says what is wrong with a credential's purposes.
func (c *Credential) purposeFaults() (faults []error) {
	for i, p := range c.Purposes {
		if _, err := ParsePurpose(string(p)); err != nil {
			faults = append(faults, fmt.Errorf("purposes[%d]: %w", i, err))
		} else if slices.Contains(c.Purposes[:i], p) {
			faults = append(faults, fmt.Errorf("purposes[%d]: %s is named twice", i, p))
		} else if !slices.ContainsFunc(p.roles(), func(r Role) bool { return slices.Contains(c.Roles, r) }) {
			faults = append(faults, fmt.Errorf("purposes[%d]: none of the credential's roles may identify for %s", i, p))
		}
	}
	return faults
}
