package staff

import "slices"

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
	Revoke           Action = "revoke"
	Lift             Action = "lift"
	IssuePaperProof  Action = "issue_paper_proof"
	LookUpCredential Action = "look_up_credential"
	ReadObjectTrail  Action = "read_object_trail" // of one object
	// Identify tells who the person of a scanned code is, for a purpose that the
	// credential has (see Member.For).
	Identify Action = "identify"
)

// By those who run the issuer.
const (
	ReadTrail     Action = "read_trail" // of everybody
	VerifyTrail   Action = "verify_trail"
	ArchiveTrail  Action = "archive_trail"
	GenerateKey   Action = "generate_key"
	AnnounceKey   Action = "announce_key"
	UseKeyFrom    Action = "use_key_from" // fixes when it signs
	RestKey       Action = "rest_key"     // it signs nothing more
	RetireKey     Action = "retire_key"
	CutOffKey     Action = "cut_off_key"
	CutOffSubject Action = "cut_off_subject"
	NewFieldKey   Action = "new_field_key" // of the vault
	Reseal        Action = "reseal"        // fields under the newest field key
	DropFieldKey  Action = "drop_field_key"
	Backup        Action = "backup"
	Restore       Action = "restore" // what follows when a backup came back
	Restate       Action = "restate"
	Erase         Action = "erase"
	LiftLock      Action = "lift_lock" // that failures led to
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

// rule gives an action to roles.
type rule struct {
	action Action
	roles  []Role
}

// rules is who may do what; nobody else may. The letters are those of the rules
// that decide; "ours" is a decision of this project.
var rules = []rule{
	{VerifyResident, []Role{Window, Agency}},          // B, table: "station window or ticket agency"
	{VerifyRareName, []Role{Window}},                  // B1: "not agencies"
	{PreVerify, []Role{Window}},                       // B, table: "station window only"
	{VerifyDelegated, []Role{Window, Agency}},         // B10: resident ID at a window or an agency
	{ResolveDuplicate, []Role{Window}},                // B11: "at a station window"
	{CorrectIdentity, []Role{Window}},                 // ours: where the original is compared
	{ExchangeTicket, []Role{Window, Agency, Machine}}, // B7: "agencies: exchange only", machines too
	{ChangeTicket, []Role{Window}},                    // B7
	{RefundTicket, []Role{Window}},                    // B7
	{Revoke, []Role{Window, Police}},                  // ours: who stands before the passenger
	{Lift, []Role{Police, Operator}},                  // ours: not the window that revoked
	{IssuePaperProof, []Role{Police}},                 // A7, A14: "station police window"
	{LookUpCredential, []Role{Police}},                // ours
	{Identify, []Role{Window, Agency, Police}},        // ours: who stands before the passenger
	{ReadObjectTrail, []Role{Police, Operator}},       // ours
	{ReadTrail, []Role{Operator}},                     // ours, and all below but the last
	{VerifyTrail, []Role{Operator}},
	{ArchiveTrail, []Role{Operator}},
	{GenerateKey, []Role{Operator}},
	{AnnounceKey, []Role{Operator}},
	{UseKeyFrom, []Role{Operator}},
	{RestKey, []Role{Operator}},
	{RetireKey, []Role{Operator}},
	{CutOffKey, []Role{Operator}},
	{CutOffSubject, []Role{Operator}},
	{NewFieldKey, []Role{Operator}},
	{Reseal, []Role{Operator}},
	{DropFieldKey, []Role{Operator}},
	{Backup, []Role{Operator}},
	{Restore, []Role{Operator}},
	{Restate, []Role{Operator}},
	{Erase, []Role{Operator}},
	{LiftLock, []Role{Operator}},
	{AskDecision, []Role{Ticketing}},
	{ReportTicket, []Role{Ticketing}},
	{DeriveSubjects, []Role{Ticketing}},
	{RedeemAccountCode, []Role{Ticketing}},
	{VerifyOnline, nil},                // G39: the check itself
	{ResetPassword, nil},               // ours: the holder, by the verified phone
	{SettleForeign, []Role{Authority}}, // B, table: "national authority"
}

// Actions lists the closed list.
func Actions() []Action {
	all := make([]Action, len(rules))
	for i, r := range rules {
		all[i] = r.action
	}
	return all
}

// Allowed lists the roles that may do an action, in a copy; none for an action
// that does not exist.
func Allowed(a Action) []Role { return slices.Clone(allowed(a)) }

func allowed(a Action) []Role {
	for _, r := range rules {
		if r.action == a {
			return r.roles
		}
	}
	return nil
}
