package vectors

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/railgate/railgate/bundle/bundletest"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
)

// The plain encoder, after docs/offline.md.

func be(size int, v uint64) (b []byte) {
	for i := size - 1; i >= 0; i-- {
		b = append(b, byte(v>>(8*i)))
	}
	return b
}

func number(v uint64) (b []byte) {
	for ; v >= 128; v >>= 7 {
		b = append(b, byte(v)|128)
	}
	return append(b, byte(v))
}

func text(s string) []byte { return append([]byte{byte(len(s))}, s...) }

func join(parts ...[]byte) []byte { return slices.Concat(parts...) }

// section is the kind and the content of a section.
type section struct {
	kind byte
	body []byte
}

// head is the head of a bundle.
type head struct {
	magic                  string
	gateway                uint16
	authority              [4]byte
	epoch                  uint64
	made, watermark, since int64
}

const at = bundletest.At

func newHead() head {
	return head{"RGO1", 7, revocationtest.Pinned().ID(), 1, at, at - 500, 0}
}

// bundleOf signs a bundle of the sections as they are.
func bundleOf(h head, sections ...section) []byte {
	b := join([]byte(h.magic), be(2, uint64(h.gateway)), h.authority[:], be(8, h.epoch), be(8, uint64(h.made)), be(8, uint64(h.watermark)), be(8, uint64(h.since)),
		[]byte{byte(len(sections))})
	for _, s := range sections {
		sum := sha256.Sum256(s.body)
		b = join(b, []byte{s.kind}, be(4, uint64(len(s.body))), sum[:])
	}
	signature := bundletest.NewGate(7).Sign(b)
	b = append(b, signature[:]...)
	for _, s := range sections {
		b = append(b, s.body...)
	}
	return b
}

func proofs(batches ...[]byte) section {
	b := number(uint64(len(batches)))
	for _, p := range batches {
		b = join(b, number(uint64(len(p))), p)
	}
	return section{1, b}
}

// policy is the section of bundletest.Policy.
func policy() section {
	return section{2, join(text(bundletest.Device), text(bundletest.Station), []byte{0x7f}, be(4, 600), be(4, 6*3600), []byte{1, 0, 1},
		[]byte{2}, be(4, 125), []byte{2, 1}, []byte{2}, be(4, 7200), []byte{1})}
}

// gaps is a set of serials of one day within the first page, in the form of gaps.
func gaps(day uint16, indexes ...uint64) []byte {
	b := join(number(1), number(uint64(day)), number(0), number(0), []byte{0}, number(uint64(len(indexes)-1)))
	next := uint64(0)
	for _, i := range indexes {
		b = append(b, number(i-next)...)
		next = i + 1
	}
	return b
}

func session(index uint32) tokens.Pass { return bundletest.Session(index).Fields }

func day() uint16 { return session(1).Serial.Day }

func serial(index uint32) []byte { return join(be(2, uint64(day())), be(4, uint64(index))) }

// whole are the sections of bundletest.Sample.
func whole() []section {
	station := revocation.StationOf(bundletest.Station)
	subject := session(2).Subject
	start := session(3).Start
	today := uint64(0)
	if tokens.DayOf(start) == int64(day()) {
		today = 1
	}
	var bookings [][]byte
	for i := range uint32(6) {
		bookings = append(bookings, []byte(bundletest.Booking(bundletest.Session(i+1), bundletest.Train)))
	}
	slices.SortFunc(bookings, slices.Compare)
	list := number(6)
	for _, b := range bookings {
		list = join(list, []byte{byte(len(b))}, b)
	}
	return []section{
		proofs(bundletest.Keys(bundletest.NewGate(7))...), policy(),
		{3, gaps(day(), 1)},
		{5, join(number(1), be(2, uint64(bundletest.Issuer().ID)), gaps(day(), 9))},
		{6, join(number(1), subject[:], be(4, uint64(at/1000)))},
		{7, join(number(1), number(uint64(start)), number(0), number(today<<32|3))},
		{8, join(number(1), serial(5), be(8, uint64(at-1000)))},
		{9, join(number(1), []byte{byte(tokens.Exit)}, station[:], be(4, uint64(at/1000)), be(4, uint64(at/1000+3600)))},
		{10, join(be(8, uint64(at-120_000)), []byte{2}, number(1), number(uint64(day())), number(1),
			number(4), []byte{0}, number(100_000), number(1), []byte{0}, number(100_000))},
		{11, join(text(bundletest.Train), be(8, uint64(at)), []byte{1}, number(0), list)},
	}
}

// replaced returns the sections of the sample with one replaced, or added at its place.
func replaced(s section) []section {
	list := slices.DeleteFunc(whole(), func(o section) bool { return o.kind == s.kind })
	list = append(list, s)
	slices.SortStableFunc(list, func(a, b section) int { return int(a.kind) - int(b.kind) })
	return list
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// receipt encodes a receipt without its signature.
func receipt(magic string, gateway uint16, code string, scope, decision byte, scanned, judged, watermark int64, reason, device string) []byte {
	sum := sha256.Sum256([]byte(code))
	return join([]byte(magic), be(2, uint64(gateway)), sum[:], []byte{scope, decision}, be(8, uint64(scanned)), be(8, uint64(judged)), be(8, uint64(watermark)), text(reason), text(device))
}

func signed(b []byte) []byte {
	signature := bundletest.NewGate(7).Sign(b)
	return append(b, signature[:]...)
}

// WithSection returns a genuine bundle with the given content of a section, for fuzzing behind the signature. With
// section 4 it is a delta.
func WithSection(kind byte, body []byte) []byte {
	h := newHead()
	if kind == 4 {
		h.since = h.watermark
	}
	list := []section{whole()[0], policy()}
	switch {
	case kind == 2:
		list[1].body = body
	case kind != 1:
		list = append(list, section{kind, body})
	}
	return bundleOf(h, list...)
}

// SectionsOf returns the sections of a bundle by their kinds, if it has the form of one.
func SectionsOf(raw []byte) map[byte][]byte {
	all := map[byte][]byte{}
	const fixed, entry, signature = 43, 37, 64
	if len(raw) < fixed {
		return nil
	}
	n := int(raw[fixed-1])
	if len(raw) < fixed+n*entry+signature {
		return nil
	}
	rest := raw[fixed+n*entry+signature:]
	for i := range n {
		e := raw[fixed+i*entry:]
		size := int(e[1])<<24 | int(e[2])<<16 | int(e[3])<<8 | int(e[4])
		if size > len(rest) {
			return all
		}
		all[e[0]], rest = rest[:size], rest[size:]
	}
	return all
}
