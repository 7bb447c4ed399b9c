package revocation

// Outcome says how one message was handled. Each outcome has its own counter.
type Outcome uint8

// The outcomes.
const (
	Applied        Outcome = iota // records applied, or a heartbeat that moved the watermark
	PastHeartbeat                 // a heartbeat older than the newest batch: ignored without verification
	Duplicate                     // already applied: a publisher's retry or a re-reading
	Gap                           // applied, but records before it are missing
	RolledBack                    // newer than all, under used numbers: all is applied except unrevocations
	OldEpoch                      // from an epoch that has ended: refused
	WrongPartition                // signed for another partition: refused
	FutureDated                   // dated more than MaxSkew ahead of now: records are applied, its dates are ignored
	Unreadable                    // not a control batch: refused
	NewerVersion                  // verified, but of a version for newer gateways: refused
	WrongAuthority                // signed under another key than the pinned one: refused
	Forged                        // the signature does not verify: refused
	outcomeCount
)

var outcomeNames = [outcomeCount]string{
	"applied", "past_heartbeat", "duplicate", "gap", "rolled_back", "old_epoch", "wrong_partition", "future_dated",
	"unreadable", "newer_version", "wrong_authority", "forged",
}

func (o Outcome) String() string { return outcomeNames[o] }

// Outcomes lists all outcomes.
func Outcomes() []Outcome {
	all := make([]Outcome, outcomeCount)
	for i := range all {
		all[i] = Outcome(i)
	}
	return all
}

// Counts are the numbers of messages and records per outcome.
type Counts struct {
	Outcomes  [outcomeCount]uint64
	Revoked   uint64 // records that revoked a serial
	Unrevoked uint64 // records that unrevoked a serial
	Late      uint64 // records about days or sessions that were already over
	Exempted  uint64 // records that exempted a serial under a key with a cutoff
	Subjects  uint64 // records that moved a subject's cutoff
	Closed    uint64 // records that closed a session
	NoRoom    uint64 // records that could not close a session because the set was full
	OutOfDay  uint64 // records for a day that no credential has yet, or a time it cannot have: refused
	Unknown   uint64 // records of a kind newer than this gateway
	KeyClash  uint64 // announcements, retirements and exemptions that were refused
	Rewinds   uint64 // times a partition was read again from the start of its log
	Delay     Delay  // from the issuer's acceptance of a revocation or booking to its effect here

	Gateways       uint64 // records that announced or withdrew a gateway
	GatewayRefused uint64 // the same, refused: unknown gateway, another or a weak key, or no room
	Forgiven       uint64 // records that forgave a serial
	ForgiveRefused uint64 // the same, refused: no room
	Amnesties      uint64 // records that declared an amnesty, or ended one
	AmnestyRefused uint64 // the same, refused: ill-formed, too long, or no room
	Bookings       uint64 // bookings passed on, repeated ones included
}

// effects returns the number of records whose delay is measured.
func (c *Counts) effects() uint64 { return c.Revoked + c.Closed + c.Bookings }

// changes returns the number of records that the log of changes is about.
func (c *Counts) changes() uint64 {
	return c.Revoked + c.Unrevoked + c.Exempted + c.Subjects + c.Closed + c.Forgiven
}
