package revocation

// Outcome says what became of one message. Each has its own counter.
type Outcome uint8

// The outcomes.
const (
	Applied        Outcome = iota // records taken, or a heartbeat that moved the clock
	PastHeartbeat                 // a heartbeat older than what is known: ignored, not even verified
	Duplicate                     // seen before: a publisher's retry or a second reading
	Gap                           // taken, but records before it are missing
	RolledBack                    // newer than all, under numbers that are taken: revocations are taken, nothing is lifted
	OldEpoch                      // numbered by an incarnation of the log that is over: refused
	WrongPartition                // signed for another partition: refused
	FutureDated                   // signed later than now plus MaxSkew: records are taken, its dates are not
	Unreadable                    // not a control batch: refused
	NewerVersion                  // genuine, and written for newer gateways: refused
	WrongAuthority                // signed under another key than the pinned one: refused
	Forged                        // signature does not verify: refused
	outcomeCount
)

var outcomeNames = [outcomeCount]string{
	"applied", "past_heartbeat", "duplicate", "gap", "rolled_back", "old_epoch", "wrong_partition", "future_dated",
	"unreadable", "newer_version", "wrong_authority", "forged",
}

func (o Outcome) String() string { return outcomeNames[o] }

// Outcomes lists them all.
func Outcomes() []Outcome {
	all := make([]Outcome, outcomeCount)
	for i := range all {
		all[i] = Outcome(i)
	}
	return all
}

// Counts is what became of messages and records so far.
type Counts struct {
	Outcomes  [outcomeCount]uint64
	Revoked   uint64 // records that set a bit
	Unrevoked uint64 // records that cleared one
	Late      uint64 // revocations of credentials that had expired anyway
	Exempted  uint64 // records that kept a credential good under a key that is cut off
	Subjects  uint64 // records that moved a subject's cut-off
	Closed    uint64 // records that closed a session
	NoRoom    uint64 // records that would have, and found the set full
	OutOfDay  uint64 // records for a time that no credential can have, or not yet: refused
	Unknown   uint64 // records of a kind newer than this gateway
	KeyClash  uint64 // announcements, retirements and rescues refused
	Rewinds   uint64 // times a partition was read again from the log start
	Delay     Delay  // from the issuer's acceptance of a record to its effect here
}
