package revocation

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
)

// Encode returns the snapshot's file format. Numbers are big-endian, sizes in bytes: magic RGS6; creation,
// Unix ms (8); the greatest kind of record that the writer knew (1); authority (4); topic, length (2) and
// bytes; partitions, count (2), each epoch, next number, issued, through, next offset (8 each); signed
// batches about keys of issuers and gateways, count (4), each length (4) and the message; subjects, count
// (4), each subject (8), cutoff (8); closed sessions; forgiven serials, count (4), in ascending order, each
// day (2), index (4), time, Unix ms (8); amnesties, count (4), in ascending order, each scopes (1), station
// (8), from, until and end, Unix seconds (4 each); revoked days; SHA-256 of all preceding bytes (32).
//
// Closed sessions are slices of ten minutes, count (4), in ascending order, each start / 600 (4), sessions,
// count (4, at least 1), and one word (8) for each, in ascending order; see wordSet for the word.
//
// Days are a count (2), each day (2), pages, count (4), each page number (2), in ascending order, and its
// 65,536 bits in 8,192 bytes. Index n is in page n / 65536; there it is bit n mod 8 of byte (n mod 65536) /
// 8, where bit 0 is the least significant.
//
// Formats of earlier releases: RGS5 lacks the ends of amnesties, RGS4 also forgiven serials and amnesties, RGS3 also
// the byte of kinds and the closed sessions.
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
	b = put32(b, uint32(len(s.forgiven)))
	for _, f := range s.forgiven {
		b = put64(appendSerial(b, f.Serial), uint64(f.Until))
	}
	b = put32(b, uint32(len(s.amnesties)))
	for _, a := range s.amnesties {
		b = append(append(b, byte(a.Scopes)), a.Station[:]...)
		b = put32(put32(put32(b, uint32(a.From)), uint32(a.Until)), uint32(a.end))
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
