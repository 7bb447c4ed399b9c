package revocation

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/railgate/railgate/tokens"
)

// MaxSkew is the greatest accepted difference between the clocks of issuer and gateway. A batch dated further
// ahead makes the data suspect.
const MaxSkew = 5 * time.Second

// BookingSink receives the bookings of a stream.
type BookingSink interface {
	// Apply receives one booking in the form of package booking. at is when the issuer accepted it and now is
	// the gateway's time, Unix ms. Each booking comes at least once, in the order of its partition; after a
	// re-reading or a new epoch bookings are repeated, older ones after newer ones. Apply must not block and
	// must not call the replica.
	Apply(body string, at, now int64)
}

// Replica is one gateway's copy of the stream. Key, Revoked, Cutoff, Closed, Gateway, Forgiven, Amnesty and
// Freshness read from memory without a lock; the other methods are for the follower and for status pages.
// Times are Unix milliseconds, passed in by the caller.
type Replica struct {
	// Bookings receives the bookings of a stream of the domain [Bookings]. Set it before use; nil: bookings
	// are only counted. Other domains have none.
	Bookings BookingSink

	// immutable
	authority *Authority
	limits    Limits

	// lock-free reads
	set       *Set
	subjects  Subjects
	closed    *ClosedSessions
	keys      *Keyring
	gateways  gateways
	forgiven  forgiven
	amnesties atomic.Pointer[amnesties] // replaced whole
	mode      atomic.Uint32             // Booting, Fresh or Suspect
	watermark atomic.Int64

	mu         sync.Mutex
	since      int64 // readiness needs a watermark above this
	newest     int64 // the stream's time: the newest date of an applied batch that was not in the future by this clock
	day        int64 // railway day of the last removal of expired records
	live       bool  // the logs were read to their ends once: later records are new
	partitions []partition
	proofs     [][]byte // the signed batches that the keys of issuers and gateways were built from
	changes    changes  // for deltas of bundles
	counts     Counts
	foreignAt  int64 // when a message under another authority was last read, by this clock, Unix ms
}

// NewReplica returns an empty replica. since is now, rounded down to the millisecond: a replica is ready only
// when its watermark is above it, so that every record acknowledged before the start has been applied. A
// stream has 1 to 64 partitions.
func NewReplica(authority *Authority, partitions int, limits Limits, since int64) (*Replica, error) {
	if partitions < 1 || partitions > 64 {
		return nil, fmt.Errorf("revocation: %d partitions, want 1 to 64", partitions)
	}
	r := &Replica{
		authority: authority, limits: limits.withDefaults(), since: since,
		set: NewSet(), closed: NewClosedSessions(), keys: NewKeyring(), partitions: make([]partition, partitions),
	}
	for i := range r.partitions {
		r.partitions[i].target = -1
	}
	return r, nil
}

// Revoked reports whether the credential was revoked. With Cutoff, Closed and Key it implements the
// interfaces that [tokens.Checker] uses.
func (r *Replica) Revoked(serial tokens.Serial) bool { return r.set.Has(serial) }

// Cutoff returns the earliest valid session start of the subject, Unix seconds; 0: any.
func (r *Replica) Cutoff(subject tokens.Subject) int64 { return r.subjects.Cutoff(subject) }

// Closed reports whether the holder had closed the session at or before the second by.
func (r *Replica) Closed(serial tokens.Serial, start, by int64) bool {
	return r.closed.Closed(serial, start, by)
}

// Key returns an announced issuer key, or nil.
func (r *Replica) Key(id tokens.KeyID) *tokens.Key { return r.keys.Key(id) }

var (
	_ tokens.Keys        = (*Replica)(nil)
	_ tokens.Revocations = (*Replica)(nil)
)

// Partitions returns the number of partitions that the stream must have.
func (r *Replica) Partitions() int { return len(r.partitions) }

// ReadOnly makes the replica read some partitions of a stream of the domain [Bookings] only: neither readiness nor
// watermark nor status waits for the others. Call it before use. It returns an error if a number is not that of a
// partition, and for other domains, in which every partition has records that each gateway needs.
func (r *Replica) ReadOnly(numbers ...int) error {
	if r.authority.domain != Bookings || len(numbers) == 0 {
		return fmt.Errorf("revocation: only a stream of bookings is read in part, and at least one partition of it")
	}
	for _, n := range numbers {
		if n < 0 || n >= len(r.partitions) {
			return fmt.Errorf("revocation: no partition %d among %d", n, len(r.partitions))
		}
	}
	for i := range r.partitions {
		r.partitions[i].unread = !slices.Contains(numbers, i)
	}
	return nil
}

// Reads reports whether a partition is to be read.
func (r *Replica) Reads(number int) bool { return !r.partitions[number].unread }

// updateState recomputes the state that readers see; r.mu is held. A replica that has been ready never
// returns to booting: it keeps all records, whatever the stream does.
func (r *Replica) updateState() {
	mark, ready, suspect := int64(math.MaxInt64), true, false
	for i := range r.partitions {
		p := &r.partitions[i]
		if p.unread {
			continue
		}
		mark = min(mark, p.through)
		ready = ready && p.caughtUp(r.since, r.newest)
		suspect = suspect || p.suspect != "" || p.ahead.by != 0 || p.noRoomFrom != 0
	}
	r.watermark.Store(mark)
	r.live = r.live || ready
	switch mode := State(r.mode.Load()); {
	case mode == Booting && (!ready || suspect): // data that was never complete is not served
	case suspect:
		r.mode.Store(uint32(Suspect))
	default:
		r.mode.Store(uint32(Fresh))
	}
}

// unrevokeAll removes serials from the set after a re-reading confirmed that they are unrevoked.
func (r *Replica) unrevokeAll(unrevoked *Set) {
	for serial := range unrevoked.All() {
		if r.set.Remove(serial) {
			r.counts.Unrevoked++
			r.changes.add(&Record{Kind: KindUnrevoke, Serial: serial}, r.newest)
		}
	}
}
