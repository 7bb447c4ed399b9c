package revocation

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/railgate/railgate/tokens"
)

// A snapshot is a replica on disk: numbering, the signed batches that announced the
// keys, and the set, closed by a SHA-256 over all of it. docs/revocation.md section 9
// has the layout.
const (
	snapshotFamily = "RGS" // the version is the byte that follows
	snapshotMagic  = "RGS4"
	// snapshotBefore is the form of releases that knew kinds up to 6 and no closed
	// sessions.
	snapshotBefore = "RGS3"
	// MaxSnapshot bounds what is read back, bytes: all serials that days can have.
	MaxSnapshot = 2 << 30
	// MaxSnapshotAge is how long anything said of a day's credentials can matter: 48 h
	// from the start of the day until the last has expired, and the afterlife.
	MaxSnapshotAge = 48*time.Hour + Afterlife
)

// Snapshot is a copy of a replica at one moment.
type Snapshot struct {
	CreatedMS  int64 // Unix ms
	Kinds      Kind  // the greatest kind of record that its writer knew
	Authority  [4]byte
	Topic      string
	Partitions []SnapshotPartition
	// Proofs are the signed batches that announced keys, cut them off and exempted
	// credentials under them, in the order in which they were applied.
	Proofs   [][]byte
	subjects []subjectCutOff
	closed   []snapshotSlice
	days     []snapshotDay
}

// SnapshotPartition is one partition's place in the stream.
type SnapshotPartition struct {
	Epoch, Next     uint64
	Issued, Through int64 // Unix ms
	Position        int64 // next offset to read
}

type snapshotDay struct {
	number uint16
	pages  map[uint16]*[pageBits / 8]byte
}

// Why a snapshot is not used.
var (
	ErrSnapshotForm    = errors.New("revocation: not a whole snapshot")
	ErrSnapshotVersion = errors.New("revocation: snapshot in another version of its form, as another release writes it")
	ErrSnapshotOther   = errors.New("revocation: snapshot of another stream")
)

// Snapshot copies the replica's state. ok is false while there is nothing worth
// keeping: not ready yet, or the stream contradicts itself. Readers are not
// disturbed; Apply waits for the copy, about a millisecond per 10 MB. It does not wait for
// the copy of closed sessions, which are many: sessions closed after the snapshot's place
// in the log may be in it or not, since reading on from there closes them again.
func (r *Replica) Snapshot(topic string, now int64) (s *Snapshot, ok bool) {
	if s, ok = r.snapshot(topic, now); ok {
		s.closed = r.closed.copy()
	}
	return s, ok
}

// snapshot is Snapshot without closed sessions.
func (r *Replica) snapshot(topic string, now int64) (s *Snapshot, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if State(r.mode.Load()) != Fresh {
		return nil, false
	}
	s = &Snapshot{CreatedMS: now, Kinds: newestKind, Authority: r.authority.id, Topic: topic, Proofs: slices.Clone(r.proofs), days: r.set.copy(), subjects: r.subjects.all()}
	for i := range r.partitions {
		p := &r.partitions[i]
		s.Partitions = append(s.Partitions, SnapshotPartition{p.epoch, p.next, p.issued, p.through, p.position})
	}
	return s, true
}

// Restore fills a replica that has read nothing yet. It refuses a snapshot of
// another stream, one whose keys do not verify, one from the future, and one so old
// that every credential in it has expired: the log alone says as much. A writer that
// knew fewer kinds of record stepped over some that matter here: what its snapshot
// holds is taken, and the log is read from its start all the same, which reading tells.
// now is Unix ms.
func (r *Replica) Restore(s *Snapshot, topic string, now int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case s.Authority != r.authority.id || s.Topic != topic || len(s.Partitions) != len(r.partitions):
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
	r.keys.take(batches)
	for _, raw := range s.Proofs {
		r.keep(raw) // a copy: the original is a part of the whole file in memory
	}
	r.set.load(s.days)
	for _, c := range s.subjects {
		r.subjects.cut(c.subject, c.before)
	}
	whole := r.closed.load(s.closed) && s.Whole()
	for i, p := range s.Partitions {
		seen := r.partitions[i].seen
		seen.raise(p.Epoch, p.Next)
		if !whole {
			r.partitions[i].seen = seen
			continue
		}
		r.newest = max(r.newest, p.Issued)
		r.partitions[i] = partition{seen: seen, epoch: p.Epoch, next: p.Next, issued: p.Issued, through: p.Through, kept: p.Through, position: p.Position, end: -1}
	}
	r.settle()
	return nil
}

// Whole reports whether the snapshot's writer knew every kind of record that this
// gateway knows. Of another one, the log has to be read from its start.
func (s *Snapshot) Whole() bool { return s.Kinds >= newestKind }

// Revoked yields every revoked serial in the snapshot, in no particular order.
func (s *Snapshot) Revoked() iter.Seq[tokens.Serial] {
	set := NewSet()
	set.load(s.days)
	return set.All()
}

// Closed yields every closed session in the snapshot, in no particular order.
func (s *Snapshot) Closed() iter.Seq[ClosedSession] { return allClosed(s.closed) }

// Subjects yields every subject's cut-off, Unix seconds.
func (s *Snapshot) Subjects() iter.Seq2[tokens.Subject, int64] {
	return func(yield func(tokens.Subject, int64) bool) {
		for _, c := range s.subjects {
			if !yield(c.subject, c.before) {
				return
			}
		}
	}
}
