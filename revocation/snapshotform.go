package revocation

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/railgate/railgate/tokens"
)

// Encode returns the snapshot's file format. Numbers are big-endian, sizes in bytes: magic RGS4; creation,
// Unix ms (8); the greatest kind of record that the writer knew (1); authority (4); topic, length (2) and
// bytes; partitions, count (2), each epoch, next number, issued, through, next offset (8 each); signed
// batches about keys, count (4), each length (4) and the message; subjects, count (4), each subject (8),
// cutoff (8); closed sessions; revoked days; SHA-256 of all preceding bytes (32).
//
// Closed sessions are slices of ten minutes, count (4), in ascending order, each start / 600 (4), sessions,
// count (4, at least 1), and one word (8) for each, in ascending order; see wordSet for the word.
//
// Days are a count (2), each day (2), pages, count (4), each page number (2), in ascending order, and its
// 65,536 bits in 8,192 bytes. Index n is in page n / 65536; there it is bit n mod 8 of byte (n mod 65536) /
// 8, where bit 0 is the least significant.
//
// RGS3, the format of earlier releases, has neither the byte of kinds nor closed sessions.
func (s *Snapshot) Encode() []byte {
	b := []byte(snapshotMagic)
	put16, put32, put64 := binary.BigEndian.AppendUint16, binary.BigEndian.AppendUint32, binary.BigEndian.AppendUint64
	b = append(put64(b, uint64(s.CreatedMS)), byte(s.Kinds))
	b = append(b, s.Authority[:]...)
	b = append(put16(b, uint16(len(s.Topic))), s.Topic...)
	b = put16(b, uint16(len(s.Partitions)))
	for _, p := range s.Partitions {
		for _, v := range []uint64{p.Epoch, p.Next, uint64(p.Issued), uint64(p.Through), uint64(p.Position)} {
			b = put64(b, v)
		}
	}
	b = put32(b, uint32(len(s.Proofs)))
	for _, p := range s.Proofs {
		b = append(put32(b, uint32(len(p))), p...)
	}
	b = put32(b, uint32(len(s.subjects)))
	for _, c := range s.subjects {
		b = put64(append(b, c.subject[:]...), uint64(c.before))
	}
	b = put32(b, uint32(len(s.closed)))
	for _, c := range s.closed {
		slices.Sort(c.words)
		b = put32(put32(b, c.number), uint32(len(c.words)))
		for _, word := range c.words {
			b = put64(b, word)
		}
	}
	b = appendDays(b, s.days)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

func appendDays(b []byte, days []snapshotDay) []byte {
	put16, put32 := binary.BigEndian.AppendUint16, binary.BigEndian.AppendUint32
	b = put16(b, uint16(len(days)))
	for _, d := range days {
		b = put32(put16(b, d.number), uint32(len(d.pages)))
		for _, number := range slices.Sorted(maps.Keys(d.pages)) {
			b = append(put16(b, number), d.pages[number][:]...)
		}
	}
	return b
}

func (r *reader) days() (days []snapshotDay) {
	for range r.u16() {
		d := snapshotDay{number: r.u16(), pages: map[uint16]*[pageBits / 8]byte{}}
		last := -1
		for n := r.u32(); n > 0 && !r.failed; n-- {
			number := r.u16()
			r.failed = r.failed || int(number) <= last // each snapshot has exactly one encoding
			last = int(number)
			d.pages[number] = (*[pageBits / 8]byte)(r.next(pageBits / 8))
		}
		days = append(days, d)
	}
	return days
}

func (r *reader) closed() (all []snapshotSlice) {
	last := int64(-1)
	for n := r.u32(); n > 0 && !r.failed; n-- {
		s := snapshotSlice{number: r.u32()}
		size := int(r.u32())
		if r.failed = r.failed || size > len(r.rest)/8; r.failed {
			return nil
		}
		raw := r.next(8 * size)
		s.words = make([]uint64, size)
		for i := range s.words {
			s.words[i] = binary.BigEndian.Uint64(raw[8*i:])
		}
		r.failed = int64(s.number) <= last || !s.readable() // each snapshot has exactly one encoding
		last = int64(s.number)
		all = append(all, s)
	}
	return all
}

// DecodeSnapshot reads the output of [Snapshot.Encode] and nothing else: the sum is checked before any field
// is used, and encoding again gives the same bytes. It also reads RGS3, the format of earlier releases.
func DecodeSnapshot(raw []byte) (*Snapshot, error) {
	if len(raw) > MaxSnapshot {
		return nil, ErrSnapshotForm
	}
	body, ok := verifiedBody(raw, snapshotMagic)
	before := false
	if !ok {
		body, before = verifiedBody(raw, snapshotBefore)
	}
	switch {
	case ok, before:
	case bytes.HasPrefix(raw, []byte(snapshotFamily)) && !bytes.HasPrefix(raw, []byte(snapshotMagic)) && !bytes.HasPrefix(raw, []byte(snapshotBefore)):
		return nil, ErrSnapshotVersion
	default:
		return nil, ErrSnapshotForm
	}
	r := reader{rest: body}
	s := &Snapshot{CreatedMS: int64(r.u64()), Kinds: KindRevokeSubject}
	if !before {
		s.Kinds = Kind(r.next(1)[0])
	}
	copy(s.Authority[:], r.next(4))
	s.Topic = string(r.next(int(r.u16())))
	for range r.u16() {
		s.Partitions = append(s.Partitions, SnapshotPartition{r.u64(), r.u64(), int64(r.u64()), int64(r.u64()), int64(r.u64())})
	}
	for n := r.u32(); n > 0 && !r.failed; n-- {
		size := r.u32()
		r.failed = r.failed || size > MaxBatch
		s.Proofs = append(s.Proofs, r.next(int(min(size, MaxBatch))))
	}
	for n := r.u32(); n > 0 && !r.failed; n-- {
		s.subjects = append(s.subjects, subjectCutoff{tokens.Subject(r.next(len(tokens.Subject{}))), int64(r.u64())})
	}
	if !before {
		s.closed = r.closed()
	}
	s.days = r.days()
	if r.failed || len(r.rest) != 0 {
		return nil, ErrSnapshotForm
	}
	return s, nil
}

// reader reads numbers from a slice and records whether there were too few bytes.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) next(n int) []byte {
	if len(r.rest) < n {
		r.failed, r.rest = true, nil
		return make([]byte, n)
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) u16() uint16 { return binary.BigEndian.Uint16(r.next(2)) }
func (r *reader) u32() uint32 { return binary.BigEndian.Uint32(r.next(4)) }
func (r *reader) u64() uint64 { return binary.BigEndian.Uint64(r.next(8)) }
