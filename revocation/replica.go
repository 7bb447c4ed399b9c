package revocation

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/railgate/railgate/tokens"
)

// MaxSkew is how far in the future a batch may be dated: what the clocks of
// issuer and gateway may differ by. With a greater difference the data is suspect.
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
	closed    *ClosedSessions
	keys      *Keyring
	mode      atomic.Uint32 // Booting, Fresh or Suspect
	watermark atomic.Int64

	mu         sync.Mutex
	since      int64 // readiness needs a watermark above this
	newest     int64 // the stream's time: the newest date, by this clock not in the future, of a batch taken
	day        int64 // railway day in which what is over was last dropped
	live       bool  // the logs were read to their ends once: what comes now is news
	partitions []partition
	proofs     [][]byte // the signed batches that the keyring was made of
	counts     Counts
	foreign    int64 // when a message under another authority was last read, by this clock, Unix ms
}

// NewReplica starts empty. since is now, rounded down to the millisecond: a replica
// is ready only when its watermark is above it, so that everything acknowledged
// before the start has been applied. A stream has 1 to 64 partitions.
func NewReplica(authority *Authority, partitions int, limits Limits, since int64) (*Replica, error) {
	if partitions < 1 || partitions > 64 {
		return nil, fmt.Errorf("revocation: %d partitions, want 1 to 64", partitions)
	}
	r := &Replica{
		authority: authority, limits: limits.withDefaults(), since: since,
		set: NewSet(), closed: NewClosedSessions(), keys: NewKeyring(), partitions: make([]partition, partitions),
	}
	for i := range r.partitions {
		r.partitions[i].end = -1
	}
	return r, nil
}

// Revoked reports whether the credential was revoked. With CutOff, Closed and Key it
// makes a Replica what tokens.Checker asks.
func (r *Replica) Revoked(serial tokens.Serial) bool { return r.set.Has(serial) }

// CutOff is the earliest start of a good session of the subject, Unix seconds; 0: any.
func (r *Replica) CutOff(subject tokens.Subject) int64 { return r.subjects.CutOff(subject) }

// Closed reports whether the holder had closed the session by the second by.
func (r *Replica) Closed(serial tokens.Serial, start, by int64) bool {
	return r.closed.Closed(serial, start, by)
}

// Key finds an announced issuer key, or nil.
func (r *Replica) Key(id tokens.KeyID) *tokens.Key { return r.keys.Key(id) }

var (
	_ tokens.Keys        = (*Replica)(nil)
	_ tokens.Revocations = (*Replica)(nil)
)

// Partitions is how many partitions the stream must have.
func (r *Replica) Partitions() int { return len(r.partitions) }

// settle recomputes what readers see; r.mu is held. Once a replica has served
// it never goes back to booting: it keeps all it learnt, whatever the stream does.
func (r *Replica) settle() {
	mark, ready, suspect := r.partitions[0].through, true, false
	for i := range r.partitions {
		p := &r.partitions[i]
		mark = min(mark, p.through)
		ready = ready && p.caughtUp(r.since, r.newest)
		suspect = suspect || p.suspect != "" || p.ahead.by != 0 || p.unfit != 0
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
			r.counts.Unrevoked++
		}
	}
}
