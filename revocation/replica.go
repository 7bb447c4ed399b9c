package revocation

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/railgate/railgate/tokens"
)

// MaxSkew is how far in the future a batch may be dated: what the clocks of
// issuer and gateway may differ by.
const MaxSkew = 5 * time.Second

// Replica is one gateway's copy of the stream. Key, Revoked and Freshness
// answer from memory without a lock; the other methods are for the follower
// and for status pages. Times are Unix milliseconds, passed in.
type Replica struct {
	// immutable
	authority *Authority
	limits    Limits

	// lock-free reads
	set       *Set
	subjects  Subjects
	keys      *Keyring
	mode      atomic.Uint32 // Booting, Fresh or Suspect
	watermark atomic.Int64

	mu         sync.Mutex
	since      int64 // readiness needs a sign of life newer than this
	live       bool  // the logs were read to their ends once: what comes now is news
	partitions []partition
	counts     Counts
}

// Counts is what became of messages and records so far.
type Counts struct {
	Outcomes [outcomeCount]uint64
	Revoked  uint64 // records that set a bit
	Lifted   uint64 // records that cleared one
	Late     uint64 // revocations of credentials that had expired anyway
	Rescued  uint64 // records that kept a credential good under a key that is cut off
	Subjects uint64 // records that moved a subject's cut-off
	OutOfDay uint64 // records for a time that no credential can have yet: refused
	Unknown  uint64 // records of a kind newer than this gateway
	KeyClash uint64 // announcements, retirements and rescues refused
	Rewinds  uint64 // times a partition was read again from the log start
	Delay    Delay  // from the issuer's acceptance of a record to its effect here
}

// NewReplica starts empty. since is now: a replica is ready only after signs of
// life from the issuer that are newer. A stream has 1 to 64 partitions.
func NewReplica(authority *Authority, partitions int, limits Limits, since int64) (*Replica, error) {
	if partitions < 1 || partitions > 64 {
		return nil, fmt.Errorf("revocation: %d partitions, want 1 to 64", partitions)
	}
	r := &Replica{
		authority: authority, limits: limits.withDefaults(), since: since,
		set: NewSet(), keys: NewKeyring(), partitions: make([]partition, partitions),
	}
	for i := range r.partitions {
		r.partitions[i].end = -1
	}
	return r, nil
}

// Revoked, CutOff and Key make a Replica what tokens.Checker asks.
func (r *Replica) Revoked(serial tokens.Serial) bool { return r.set.Has(serial) }

// CutOff is the earliest start of a good session of the subject, Unix seconds; 0: any.
func (r *Replica) CutOff(subject tokens.Subject) int64 { return r.subjects.CutOff(subject) }

// Key finds an announced issuer key, or nil.
func (r *Replica) Key(id tokens.KeyID) *tokens.Key { return r.keys.Key(id) }

var (
	_ tokens.Keys        = (*Replica)(nil)
	_ tokens.Revocations = (*Replica)(nil)
)

// Partitions is how many partitions the stream must have.
func (r *Replica) Partitions() int { return len(r.partitions) }

// Apply verifies one message read from a partition and applies it. Whatever the
// bytes are, it neither fails nor panics; the outcome says what became of them.
func (r *Replica) Apply(number int, message []byte, now int64) Outcome {
	b, err := parse(message)
	if err == nil {
		if r.past(number, b) {
			return PastHeartbeat
		}
		err = r.authority.verify(message) // outside the lock: the signature is the slow part
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	outcome := r.apply(number, b, err, now)
	r.counts.Outcomes[outcome]++
	r.settle()
	return outcome
}

// past reports whether a message is a heartbeat that can say nothing new: one
// from before this gateway's start, or older than what the partition has. A week
// of heartbeats is a minute of signatures, so these are ignored unverified. The
// first message of a log is looked at in any case: it tells where the log begins.
func (r *Replica) past(number int, b *Batch) bool {
	if b.count != 0 {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &r.partitions[number]
	if p.next == 0 || b.IssuedAt >= max(r.since, p.issued) {
		return false
	}
	r.counts.Outcomes[PastHeartbeat]++
	return true
}

func (r *Replica) apply(number int, b *Batch, err error, now int64) Outcome {
	switch {
	case errors.Is(err, ErrNewer):
		return NewerVersion
	case errors.Is(err, ErrAuthority):
		return WrongAuthority
	case errors.Is(err, ErrSignature):
		return Forged
	case err != nil:
		return Unreadable
	case int(b.Partition) != number:
		return WrongPartition
	case b.IssuedAt > now+MaxSkew.Milliseconds():
		return FutureDated
	}
	p := &r.partitions[number]
	a := p.admit(b, now)
	lifted := p.aside() // in a second reading
	if lifted == nil && a.aside {
		lifted = NewSet()
	}
	switch a.outcome {
	case Applied, Gap, RolledBack:
	case Duplicate:
		if !a.aside {
			return Duplicate
		}
	default:
		return a.outcome
	}
	live := r.live && a.outcome == Applied && p.again == nil
	for _, record := range b.Records() {
		if a.skip > 0 {
			a.skip--
			continue
		}
		if a.outcome == RolledBack && record.Kind == KindUnrevoke {
			continue // what it would lift may have been revoked since
		}
		r.record(&record, lifted, now)
		if live {
			r.counts.Delay.note(now - record.At)
		}
	}
	if a.aside && p.again == nil {
		r.lift(lifted)
	}
	return a.outcome
}

// record applies one record; r.mu is held, now is Unix ms. Lifts go to lifted if
// it is not nil.
func (r *Replica) record(rec *Record, lifted *Set, nowMS int64) {
	now := nowMS / 1000
	switch rec.Kind {
	case KindRevoke, KindUnrevoke, KindRescue:
		if now >= tokens.DayOver(rec.Serial.Day) {
			r.counts.Late++
			return
		}
		// A clock a day ahead is no reason to refuse; two days ahead no credential can be.
		if int64(rec.Serial.Day) > tokens.DayOf(now)+1 {
			r.counts.OutOfDay++
			return
		}
	}
	switch rec.Kind {
	case KindRevoke:
		if lifted != nil {
			lifted.Remove(rec.Serial)
		}
		changed, err := r.set.Add(rec.Serial)
		if err != nil {
			r.counts.OutOfDay++
		} else if changed {
			r.counts.Revoked++
		}
	case KindUnrevoke:
		if lifted != nil {
			lifted.Add(rec.Serial) // a day that does not fit there does not fit in r.set
		} else if r.set.Remove(rec.Serial) {
			r.counts.Lifted++
		}
	case KindRescue:
		if changed, err := r.keys.rescue(rec.Key, rec.Serial); err != nil {
			r.counts.KeyClash++
		} else if changed {
			r.counts.Rescued++
		}
	case KindRevokeSubject:
		switch {
		case rec.CutOff > now+subjectLead:
			r.counts.OutOfDay++
		case rec.CutOff+sessionOver <= now:
			r.counts.Late++
		case r.subjects.cut(rec.Subject, rec.CutOff):
			r.counts.Subjects++
		}
	case KindAnnounceKey:
		if !r.keys.announce(rec.Key, rec.Public) {
			r.counts.KeyClash++
		}
	case KindRetireKey:
		if !r.keys.retire(rec.Key, rec.CutOff) {
			r.counts.KeyClash++
		}
	default:
		r.counts.Unknown++
	}
}

// settle recomputes what readers see; r.mu is held. Once a replica has served
// it never goes back to booting: it keeps all it learnt, whatever the stream does.
func (r *Replica) settle() {
	mark, ready, suspect := r.partitions[0].through, true, false
	for i := range r.partitions {
		p := &r.partitions[i]
		mark = min(mark, p.through)
		ready = ready && p.caughtUp(r.since)
		suspect = suspect || p.suspect != ""
	}
	r.watermark.Store(mark)
	r.live = r.live || ready
	switch mode := State(r.mode.Load()); {
	case mode == Booting && (!ready || suspect): // what never was whole is not served
	case suspect:
		r.mode.Store(uint32(Suspect))
	default:
		r.mode.Store(uint32(Fresh))
	}
}

// lift takes serials out of the set after a reading that proved them lifted.
func (r *Replica) lift(lifted *Set) {
	for serial := range lifted.All() {
		if r.set.Remove(serial) {
			r.counts.Lifted++
		}
	}
}
