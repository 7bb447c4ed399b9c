package revocation

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/railgate/railgate/tokens"
)

// A snapshot is a replica on disk: numbering, the signed batches that announced the keys, and the sets,
// followed by a SHA-256 of all of it. [Snapshot.Encode] specifies the format.
const (
	snapshotFamily = "RGS" // the version is the byte that follows
	snapshotMagic  = "RGS6"
	// MaxSnapshot bounds the size of a snapshot that is read, bytes: all serials of four days.
	MaxSnapshot = 2 << 30
	// MaxSnapshotAge is how long a record about a day's credentials can matter: 48 h from the start of the
	// day until the last credential has expired, and [Afterlife].
	MaxSnapshotAge = 48*time.Hour + Afterlife
)

// Snapshot is a copy of a replica at one moment.
type Snapshot struct {
	CreatedMS  int64 // Unix ms
	Kinds      Kind  // the greatest kind of record that its writer knew
	Authority  [4]byte
	Topic      string
	Partitions []SnapshotPartition
	// Proofs are the signed batches that announced keys of issuers and gateways, set their cutoffs and
	// exempted credentials under them, in the order in which they were applied.
	Proofs    [][]byte
	subjects  []subjectCutoff
	closed    []snapshotSlice
	forgiven  []ForgivenSerial
	amnesties []declaredAmnesty
	days      []snapshotDay
}

// SnapshotPartition is one partition's position in the stream.
type SnapshotPartition struct {
	Epoch, Next     uint64
	Issued, Through int64 // Unix ms
	Position        int64 // next offset to read
}

type snapshotDay struct {
	number uint16
	pages  map[uint16]*[pageBits / 8]byte
}

// Reasons why a snapshot is refused.
var (
	ErrSnapshotForm    = errors.New("revocation: the file is not a complete snapshot")
	ErrSnapshotVersion = errors.New("revocation: the snapshot has another version, written by another release")
	ErrSnapshotOther   = errors.New("revocation: the snapshot is of another stream")
)

// Snapshot copies the replica's state. ok is false while the state is not worth saving: not ready yet, or the
// stream contradicts itself. It is always false for bookings, which the replica does not store: their stream
// is read from its start. Readers are not affected. Apply waits for the copy, about a millisecond per 10
// MB, but not for the copy of the closed sessions, which are many. Sessions closed after the snapshot's
// position in the log may be included or not, because reading from that position closes them again.
func (r *Replica) Snapshot(topic string, now int64) (s *Snapshot, ok bool) {
	if s, ok = r.snapshot(topic, now); ok {
		s.closed = r.closed.copy()
		slices.SortFunc(s.forgiven, compareForgiven)
	}
	return s, ok
}

// snapshot is [Replica.Snapshot] without closed sessions; forgiven serials are not sorted.
func (r *Replica) snapshot(topic string, now int64) (s *Snapshot, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if State(r.mode.Load()) != Fresh || r.authority.domain != Control {
		return nil, false
	}
	s = &Snapshot{CreatedMS: now, Kinds: newestKind, Authority: r.authority.id, Topic: topic, Proofs: slices.Clone(r.proofs),
		subjects: r.subjects.all(), forgiven: r.forgiven.all(), amnesties: r.amnesties.Load().list(), days: r.set.copy()}
	for i := range r.partitions {
		p := &r.partitions[i]
		s.Partitions = append(s.Partitions, SnapshotPartition{p.epoch, p.next, p.issued, p.through, p.position})
	}
	return s, true
}

// Restore fills a replica that has read nothing yet. It refuses a snapshot of another stream, one whose keys
// do not verify, one from the future, and one so old that every credential in it has expired: the log alone
// is enough then. A writer that knew fewer kinds of record skipped some that matter here. The content of its
// snapshot is used, and the log is read from its start as well; [Replica.ResumeOffset] reports that. now is
// Unix ms.
func (r *Replica) Restore(s *Snapshot, topic string, now int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.authority.domain != Control || s.Authority != r.authority.id || s.Topic != topic || len(s.Partitions) != len(r.partitions):
		return ErrSnapshotOther
	case s.CreatedMS > now+MaxSkew.Milliseconds():
		return fmt.Errorf("revocation: snapshot is dated %d ms in the future", s.CreatedMS-now)
	case now-s.CreatedMS > MaxSnapshotAge.Milliseconds():
		return fmt.Errorf("revocation: snapshot is older than %v", MaxSnapshotAge)
	}
	batches, err := openProofs(s.Proofs, r.authority)
	if err != nil {
		return err
	}
	r.keys.applyBatches(batches)
	r.gateways.applyBatches(batches)
	for _, raw := range s.Proofs {
		r.keepProof(raw) // a copy: the original is part of the whole file in memory
	}
	r.set.load(s.days)
	for _, c := range s.subjects {
		r.subjects.setCutoff(c.subject, c.before)
	}
	r.forgiven.load(s.forgiven)
	r.amnesties.Store(newAmnesties(slices.Clone(s.amnesties)))
	whole := r.closed.load(s.closed) && s.Whole()
	for i, p := range s.Partitions {
		seen := r.partitions[i].seen
		seen.raise(p.Epoch, p.Next)
		if !whole {
			r.partitions[i].seen = seen
			continue
		}
		r.newest = max(r.newest, p.Issued)
		r.changes.floor = max(r.changes.floor, p.Issued)
		r.partitions[i] = partition{seen: seen, epoch: p.Epoch, next: p.Next, issued: p.Issued, through: p.Through, restoredThrough: p.Through, position: p.Position, target: -1}
	}
	r.updateState()
	return nil
}

// Whole reports whether the snapshot's writer knew every kind of record that this gateway knows. If not, the
// log has to be read from its start.
func (s *Snapshot) Whole() bool { return s.Kinds >= newestKind }

// Revoked yields every revoked serial in the snapshot, in no particular order.
func (s *Snapshot) Revoked() iter.Seq[tokens.Serial] {
	set := NewSet()
	set.load(s.days)
	return set.All()
}

// Closed yields every closed session in the snapshot, in no particular order.
func (s *Snapshot) Closed() iter.Seq[ClosedSession] { return allClosed(s.closed) }

// Forgiven returns every forgiven serial in the snapshot, by day and index.
func (s *Snapshot) Forgiven() []ForgivenSerial { return s.forgiven }

// Amnesties returns every amnesty in the snapshot, as [Replica.Amnesties] does.
func (s *Snapshot) Amnesties() []Amnesty { return effectiveOf(s.amnesties) }

// Subjects yields every subject's cutoff, Unix seconds.
func (s *Snapshot) Subjects() iter.Seq2[tokens.Subject, int64] {
	return func(yield func(tokens.Subject, int64) bool) {
		for _, c := range s.subjects {
			if !yield(c.subject, c.before) {
				return
			}
		}
	}
}
