package revocation

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/railgate/railgate/tokens"
)

// A snapshot is a replica on disk: numbering, keys and the set, closed by a
// SHA-256 over all of it. docs/revocation.md section 9 has the layout.
const (
	snapshotMagic = "RGS1"
	// MaxSnapshot bounds what is read back, bytes: over a billion serials.
	MaxSnapshot = 256 << 20
	// MaxSnapshotAge is the longest that a credential can live from the start of
	// its day: in an older snapshot nothing is left that matters.
	MaxSnapshotAge = 48 * time.Hour
)

// Snapshot is a copy of a replica at one moment.
type Snapshot struct {
	CreatedMS  int64 // Unix ms
	Authority  [4]byte
	Topic      string
	Partitions []SnapshotPartition
	Keys       []tokens.Key
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
	s = &Snapshot{CreatedMS: now, Authority: r.authority.id, Topic: topic, Keys: r.keys.all(), days: r.set.copy()}
	for i := range r.partitions {
		p := &r.partitions[i]
		s.Partitions = append(s.Partitions, SnapshotPartition{p.epoch, p.next, p.issued, p.through, p.position})
	}
	return s, true
}

// Encode writes the snapshot's file form.
func (s *Snapshot) Encode() []byte {
	b := []byte(snapshotMagic)
	put16, put32, put64 := binary.BigEndian.AppendUint16, binary.BigEndian.AppendUint32, binary.BigEndian.AppendUint64
	b = put64(b, uint64(s.CreatedMS))
	b = append(b, s.Authority[:]...)
	b = append(put16(b, uint16(len(s.Topic))), s.Topic...)
	b = put16(b, uint16(len(s.Partitions)))
	for _, p := range s.Partitions {
		for _, v := range []uint64{p.Epoch, p.Next, uint64(p.Issued), uint64(p.Through), uint64(p.Position)} {
			b = put64(b, v)
		}
	}
	b = put16(b, uint16(len(s.Keys)))
	for _, k := range s.Keys {
		b = append(put16(b, uint16(k.ID)), k.Public[:]...)
		b = put64(b, uint64(k.CutOff))
	}
	b = put16(b, uint16(len(s.days)))
	for _, d := range s.days {
		b = put32(put16(b, d.number), uint32(len(d.pages)))
		for _, number := range slices.Sorted(maps.Keys(d.pages)) {
			b = append(put16(b, number), d.pages[number][:]...)
		}
	}
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// DecodeSnapshot reads what Encode wrote and nothing else: the sum is checked
// before anything is believed, and encoding again gives the same bytes.
func DecodeSnapshot(raw []byte) (*Snapshot, error) {
	if len(raw) > MaxSnapshot || len(raw) < len(snapshotMagic)+sha256.Size || string(raw[:len(snapshotMagic)]) != snapshotMagic {
		return nil, ErrSnapshotForm
	}
	body, sum := raw[:len(raw)-sha256.Size], raw[len(raw)-sha256.Size:]
	if got := sha256.Sum256(body); !bytes.Equal(got[:], sum) {
		return nil, ErrSnapshotForm
	}
	r := reader{rest: body[len(snapshotMagic):]}
	s := &Snapshot{CreatedMS: int64(r.u64())}
	copy(s.Authority[:], r.take(4))
	s.Topic = string(r.take(int(r.u16())))
	for range r.u16() {
		s.Partitions = append(s.Partitions, SnapshotPartition{r.u64(), r.u64(), int64(r.u64()), int64(r.u64()), int64(r.u64())})
	}
	for range r.u16() {
		k := tokens.Key{ID: tokens.KeyID(r.u16())}
		copy(k.Public[:], r.take(len(k.Public)))
		k.CutOff = int64(r.u64())
		s.Keys = append(s.Keys, k)
	}
	for range r.u16() {
		d := snapshotDay{number: r.u16(), pages: map[uint16]*[pageBits / 8]byte{}}
		for range r.u32() {
			number := r.u16()
			page := r.take(pageBits / 8)
			if r.failed {
				return nil, ErrSnapshotForm
			}
			d.pages[number] = (*[pageBits / 8]byte)(page)
		}
		s.days = append(s.days, d)
	}
	if r.failed || len(r.rest) != 0 {
		return nil, ErrSnapshotForm
	}
	return s, nil
}

// reader takes numbers off a slice and remembers if there were too few bytes.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) take(n int) []byte {
	if len(r.rest) < n {
		r.failed, r.rest = true, nil
		return make([]byte, n)
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) u16() uint16 { return binary.BigEndian.Uint16(r.take(2)) }
func (r *reader) u32() uint32 { return binary.BigEndian.Uint32(r.take(4)) }
func (r *reader) u64() uint64 { return binary.BigEndian.Uint64(r.take(8)) }

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
	if err := r.set.load(s.days); err != nil {
		return err
	}
	r.keys.load(s.Keys)
	for i, p := range s.Partitions {
		r.partitions[i] = partition{epoch: p.Epoch, next: p.Next, issued: p.Issued, through: p.Through, position: p.Position, end: -1}
	}
	r.settle()
	return nil
}
