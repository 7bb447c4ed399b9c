package revocation

import "fmt"

// Outcome says what became of one message. Each has its own counter.
type Outcome uint8

// The outcomes.
const (
	Applied        Outcome = iota // records taken, or a heartbeat that moved the clock
	Duplicate                     // seen before: a publisher's retry or a second reading
	Gap                           // taken, but records before it are missing
	OldEpoch                      // numbered by an incarnation of the log that is over: refused
	WrongPartition                // signed for another partition: refused
	FutureDated                   // signed later than now plus MaxSkew: refused
	Unreadable                    // not a control batch: refused
	NewerVersion                  // written for newer gateways: refused
	WrongAuthority                // signed under another key than the pinned one: refused
	Forged                        // signature does not verify: refused
	outcomeCount
)

var outcomeNames = [outcomeCount]string{
	"applied", "duplicate", "gap", "old_epoch", "wrong_partition", "future_dated",
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

// partition is what a replica knows of one partition's numbering and progress.
// Replica.mu guards it.
type partition struct {
	epoch  uint64
	next   uint64 // number that the next record must have; 0: take any
	issued int64  // newest IssuedAt applied, Unix ms
	// through is the newest watermark, Unix ms.
	through int64

	position int64 // next offset to read
	end      int64 // offset to reach before this partition counts as read; -1: not known yet
	suspect  string
}

// admit compares a verified batch with the numbering so far and advances it.
// skip is how many leading records were applied before.
func (p *partition) admit(b *Batch) (outcome Outcome, skip int) {
	if b.Epoch < p.epoch {
		return OldEpoch, 0
	}
	restart := b.Epoch > p.epoch && p.epoch != 0
	if b.Epoch > p.epoch {
		p.epoch = b.Epoch
		if restart {
			// A new incarnation numbers from 1, anything later is a gap. It begins by
			// saying again all that is in force, so what was missing before is missed
			// no longer.
			p.next, p.suspect = 1, ""
		}
	}
	after := b.First + uint64(b.count)
	outcome = Applied
	switch {
	case p.next == 0, b.First == p.next:
	case b.First > p.next:
		outcome = Gap
		p.suspect = fmt.Sprintf("records %d to %d are missing", p.next, b.First-1)
	case after <= p.next:
		return Duplicate, b.count
	default:
		skip = int(p.next - b.First)
	}
	p.next = after
	p.issued = max(p.issued, b.IssuedAt)
	if p.suspect == "" {
		// With records missing the watermark stays: it may not promise what is not here.
		p.through = max(p.through, b.Through)
	}
	return outcome, skip
}

// caughtUp reports whether everything that was in the log when reading began
// has been applied, and that the issuer was alive since then: since is Unix ms.
func (p *partition) caughtUp(since int64) bool {
	return p.end >= 0 && p.position >= p.end && p.issued >= since
}

// waitingFor says in words why caughtUp is false.
func (p *partition) waitingFor(since int64) string {
	switch {
	case p.end < 0:
		return "not connected to the log yet"
	case p.position < p.end:
		return fmt.Sprintf("%d messages behind the log end seen at start", p.end-p.position)
	case p.issued < since:
		return "no heartbeat from the issuer since this gateway started"
	}
	return ""
}
