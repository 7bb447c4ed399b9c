package revocation

import (
	"encoding/binary"

	"github.com/railgate/railgate/tokens"
)

// DecodeSnapshot reads the output of [Snapshot.Encode] and nothing else: the sum is checked before any field
// is used, and encoding again gives the same bytes. It also reads RGS3, RGS4 and RGS5, the formats of
// earlier releases.
func DecodeSnapshot(raw []byte) (*Snapshot, error) {
	if len(raw) > MaxSnapshot || len(raw) < len(snapshotMagic) || string(raw[:len(snapshotFamily)]) != snapshotFamily {
		return nil, ErrSnapshotForm
	}
	version := raw[len(snapshotFamily)]
	if version < '3' || version > snapshotMagic[len(snapshotFamily)] {
		return nil, ErrSnapshotVersion
	}
	body, ok := verifiedBody(raw, snapshotFamily+string(version))
	if !ok {
		return nil, ErrSnapshotForm
	}
	r := reader{rest: body}
	s := &Snapshot{CreatedMS: int64(r.u64()), Kinds: KindRevokeSubject}
	if version >= '4' {
		s.Kinds = Kind(r.next(1)[0])
	}
	switch version { // the formats cannot store what later kinds say
	case '4':
		s.Kinds = min(s.Kinds, KindRevokeSession)
	case '5':
		s.Kinds = min(s.Kinds, KindAmnesty)
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
	if version >= '4' {
		s.closed = r.closed()
	}
	if version >= '5' {
		s.forgiven, s.amnesties = r.forgiven(), r.amnesties(version)
	}
	s.days = r.days()
	if r.failed || len(r.rest) != 0 {
		return nil, ErrSnapshotForm
	}
	return s, nil
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

func (r *reader) forgiven() (all []ForgivenSerial) {
	n := r.u32()
	r.failed = r.failed || n > MaxForgiven
	for ; n > 0 && !r.failed; n-- {
		f := ForgivenSerial{serialAt(r.next(6)), int64(r.u64())}
		last := len(all) - 1
		r.failed = r.failed || f.Until <= 0 || last >= 0 && compareForgiven(all[last], f) >= 0 // one encoding
		all = append(all, f)
	}
	return all
}

func (r *reader) amnesties(version byte) (all []declaredAmnesty) {
	n := r.u32()
	r.failed = r.failed || n > MaxAmnesties
	for ; n > 0 && !r.failed; n-- {
		a := declaredAmnesty{Amnesty: Amnesty{tokens.Scopes(r.next(1)[0]), Station(r.next(len(Station{}))), int64(r.u32()), int64(r.u32())}}
		if a.end = a.Until; version >= '6' {
			a.end = int64(r.u32())
		}
		last := len(all) - 1
		r.failed = r.failed || !a.valid() || last >= 0 && compareDeclared(all[last], a) >= 0 // one encoding
		all = append(all, a)
	}
	return all
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
