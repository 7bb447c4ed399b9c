package revocation

import "github.com/railgate/railgate/tokens"

// MaxChanges bounds the log of changes, 10 MB: ten minutes of 400 changes a second.
const MaxChanges = 1 << 18

// Change is the effect of one record on a replica. Which fields are used depends on Kind, as in a [Record]. Keys,
// gateways and amnesties are not logged: they are few.
type Change struct {
	Kind    Kind
	Key     tokens.KeyID
	Serial  tokens.Serial
	Subject tokens.Subject
	Start   int64 // of a closed session, Unix seconds
	// issued is the date of the batch, Unix ms. It orders changes by what other gateways can know, see
	// [Replica.ChangesSince].
	issued int64
}

// changes is a ring of the newest changes. Replica.mu guards it. A nil ring keeps none.
type changes struct {
	ring  []Change
	count int   // of all changes so far
	most  int   // length that the ring grows to
	floor int64 // dates of changes that are not in the ring are at most this, Unix ms
}

// KeepChanges makes the replica log the changes that [Replica.ChangesSince] returns, most of them at most. The log
// begins empty. Without it nothing is logged.
func (r *Replica) KeepChanges(most int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changes = changes{most: min(max(most, 0), MaxChanges), floor: r.changes.floor}
	for i := range r.partitions {
		r.changes.floor = max(r.changes.floor, r.partitions[i].issued, r.partitions[i].ahead.dated)
	}
}

// add logs the effect of a record of a batch that was issued at a time, Unix ms.
func (c *changes) add(rec *Record, issued int64) {
	switch rec.Kind {
	case KindRevoke, KindUnrevoke, KindExempt, KindRevokeSubject, KindRevokeSession, KindForgive:
	default:
		return
	}
	if c.most == 0 {
		return
	}
	n := Change{rec.Kind, rec.Key, rec.Serial, rec.Subject, rec.Start, issued}
	if len(c.ring) < c.most {
		c.ring = append(c.ring, n)
	} else {
		old := &c.ring[c.count%c.most]
		c.floor = max(c.floor, old.issued)
		*old = n
	}
	c.count++
}

// ChangesSince returns at least the changes that a gateway with the watermark since, Unix ms, may not have
// applied. ok is false if the log does not reach back so far, or is not kept.
//
// A change can be missing at a gateway only if its batch is later in the log of a partition than the batch from
// which that gateway has its watermark. Dates and watermarks do not decrease within a partition, and a watermark
// is not after the date of its batch, so the change was issued at the watermark or later. The date is in the
// signed batch and therefore the same for all gateways: a device can fetch changes from another gateway than
// the one that its bundle came from.
//
// Changes are in the order in which they were applied and can repeat. They say what changed, not to what: callers
// look up the current state afterwards.
func (r *Replica) ChangesSince(since int64) (list []Change, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := &r.changes
	if c.most == 0 || since <= c.floor {
		return nil, false
	}
	for i := range c.ring {
		if n := &c.ring[(c.count+i)%len(c.ring)]; n.issued >= since {
			list = append(list, *n)
		}
	}
	return list, true
}

// Proof is a verified batch and the message that it was read from.
type Proof struct {
	Raw   []byte
	Batch *Batch
}

// Contents is what a replica knows, for a gateway that hands it on. The sets are those of the replica: they change
// while they are read, and must not be changed by the caller.
type Contents struct {
	Authority [4]byte   // see [AuthorityID]
	Freshness Freshness // read before the data: the data can only be newer
	Epoch     uint64    // the greatest of all partitions
	// Proofs are the signed batches about the keys of issuers and gateways, in the order in which they were
	// applied. They must not be changed.
	Proofs    []Proof
	Revoked   *Set
	Exempt    map[tokens.KeyID]*Set
	Cutoffs   map[tokens.Subject]int64 // earliest valid session starts, Unix seconds
	Closed    *ClosedSessions
	Forgiven  []ForgivenSerial
	Amnesties []Amnesty
}

// Contents returns what the replica knows at now, Unix ms. Checks at a gate do not wait for it.
func (r *Replica) Contents(now int64) Contents {
	c := Contents{Authority: r.authority.id, Freshness: r.Freshness(now), Revoked: r.set, Closed: r.closed, Exempt: map[tokens.KeyID]*Set{}, Cutoffs: map[tokens.Subject]int64{}}
	r.mu.Lock()
	proofs := r.proofs // batches are appended or the slice is replaced, so its elements do not change
	for i := range r.partitions {
		c.Epoch = max(c.Epoch, r.partitions[i].epoch)
	}
	c.Forgiven = r.forgiven.all()
	r.mu.Unlock()
	for _, raw := range proofs {
		c.Proofs = append(c.Proofs, Proof{raw, mustParse(raw)})
	}
	for _, s := range r.subjects.all() {
		c.Cutoffs[s.subject] = s.before
	}
	for _, key := range r.keys.all() {
		if key.Exempted != nil {
			c.Exempt[key.ID] = key.Exempted.(*Set)
		}
	}
	c.Amnesties = r.Amnesties()
	return c
}
