package revocation

import (
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/railgate/railgate/tokens"
)

// A snapshot is a replica on disk: numbering, keys and the set, closed by a
// SHA-256 over all of it. docs/revocation.md section 9 has the layout.
const (
	snapshotMagic = "RGS2"
	// MaxSnapshot bounds what is read back, bytes: all serials that days can have.
	MaxSnapshot = 2 << 30
	// MaxSnapshotAge is how long anything said of a day's credentials can matter: 48 h
	// from the start of the day until the last has expired, and the afterlife.
	MaxSnapshotAge = 48*time.Hour + Afterlife
)

// Snapshot is a copy of a replica at one moment.
type Snapshot struct {
	CreatedMS  int64 // Unix ms
	Authority  [4]byte
	Topic      string
	Partitions []SnapshotPartition
	Keys       []tokens.Key
	rescued    [][]snapshotDay // by place in Keys
	subjects   []subjectCutOff
	days       []snapshotDay
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
	ErrSnapshotForm  = errors.New("revocation: not a whole snapshot")
	ErrSnapshotOther = errors.New("revocation: snapshot of another stream")
)

// Snapshot copies the replica's state. ok is false while there is nothing worth
// keeping: not ready yet, or the stream contradicts itself. Readers are not
// disturbed; Apply waits for the copy, about a millisecond per 10 MB.
func (r *Replica) Snapshot(topic string, now int64) (s *Snapshot, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if State(r.mode.Load()) != Fresh {
		return nil, false
	}
	s = &Snapshot{CreatedMS: now, Authority: r.authority.id, Topic: topic, Keys: r.keys.all(), days: r.set.copy(), subjects: r.subjects.all()}
	for _, k := range s.Keys {
		var days []snapshotDay
		if k.Rescued != nil {
			days = k.Rescued.(*Set).copy()
		}
		s.rescued = append(s.rescued, days)
	}
	for i := range r.partitions {
		p := &r.partitions[i]
		s.Partitions = append(s.Partitions, SnapshotPartition{p.epoch, p.next, p.issued, p.through, p.position})
	}
	return s, true
}

// Restore fills a replica that has read nothing yet. It refuses a snapshot of
// another stream, one from the future, and one so old that every credential in
// it has expired: the log alone says as much. now is Unix ms.
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
	r.set.load(s.days)
	if err := r.keys.load(s.Keys, s.rescued); err != nil {
		return err
	}
	for _, c := range s.subjects {
		r.subjects.cut(c.subject, c.before)
	}
	for i, p := range s.Partitions {
		seen := r.partitions[i].seen
		seen.raise(p.Epoch, p.Next)
		r.newest = max(r.newest, p.Issued)
		r.partitions[i] = partition{seen: seen, epoch: p.Epoch, next: p.Next, issued: p.Issued, through: p.Through, kept: p.Through, position: p.Position, end: -1}
	}
	r.settle()
	return nil
}

// Revoked yields every revoked serial in the snapshot, in no particular order.
func (s *Snapshot) Revoked() iter.Seq[tokens.Serial] { return serialsOf(s.days) }

// Rescued yields the serials that stay good under Keys[i].
func (s *Snapshot) Rescued(i int) iter.Seq[tokens.Serial] { return serialsOf(s.rescued[i]) }

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

func serialsOf(days []snapshotDay) iter.Seq[tokens.Serial] {
	return func(yield func(tokens.Serial) bool) {
		set := NewSet()
		set.load(days)
		set.All()(yield)
	}
}
