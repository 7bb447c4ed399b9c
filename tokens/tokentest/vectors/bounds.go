package vectors

import (
	"encoding/hex"
	"fmt"
)

// bounds adds codes that violate a bound of the parser. Each code is signed and has a
// correct chain, so the bound is its only fault.
func (b *builder) bounds() {
	for _, p := range []struct {
		period, length byte
		about          string
	}{
		{0, 30, "a period of 0"},
		{14, 30, "a period below 15"},
		{60, 0, "a chain without links"},
		{15, 31, "more than 30 links, though within 30 minutes"},
		{60, 31, "31 minutes"},
		{61, 30, "a period above 60, and 30 s too many in all"},
		{61, 1, "a period above 60, though within 30 minutes"},
		{255, 7, "the longest period that a byte holds"},
		{255, 255, "both at their largest"},
	} {
		s := with(func(s *session) { s.period, s.length = p.period, p.length })
		b.code(fmt.Sprintf("bound-period-%d-length-%d", p.period, p.length), p.about, s, 0, start, "malformed")
	}
	b.code("bound-scopes-none", "a credential for nothing",
		with(func(s *session) { s.scopes = 0 }), 0, start, "malformed")
	b.code("bound-scopes-reserved", "the reserved top bit beside all others",
		with(func(s *session) { s.scopes = 0xff }), 0, start, "malformed")
	b.code("bound-scopes-reserved-only", "the reserved top bit alone",
		with(func(s *session) { s.scopes = 0x80 }), 0, start, "malformed")

	o := ordinary()
	b.code("bound-step-is-length", "step 30 of 30: steps count from 0", o, 30, start+30*60, "malformed")
	b.code("bound-step-255", "the largest step a byte holds", o, 255, start, "malformed")
	short := with(func(s *session) { s.length = 10 })
	b.code("bound-step-short-chain", "step 10 of a chain of 10", short, 10, start+600, "malformed")

	b.code("bound-expiry-below-a-day", "approval would be two days before 1970: the subtraction must not wrap",
		with(func(s *session) { s.day, s.start, s.expiry = 0, 0, 100 }), 0, 0, "malformed")
	b.code("bound-expiry-zero", "no expiry at all",
		with(func(s *session) { s.day, s.start, s.expiry = 0, 0, 0 }), 0, 0, "malformed")
	b.code("bound-expiry-day-before-1970", "approved in the last second before day 0",
		with(func(s *session) { s.day, s.start, s.expiry = 0, 0, day24-8*hour-1 }), 0, 0, "malformed")
	b.code("bound-day-minus-one", "the same under day 65535, which is -1 cut to 16 bits",
		with(func(s *session) { s.day, s.start, s.expiry = 65535, 0, day24-8*hour-1 }), 0, 0, "malformed")
	b.code("bound-day-65535", "the largest day number, which no 32-bit expiry reaches",
		with(func(s *session) { s.day = 65535 }), 0, start, "malformed")
}

// wires adds cases of raw bytes that text cannot express, and the same bytes as text.
func (b *builder) wires() {
	o := ordinary()
	good := o.wire(7, o.sign())
	only := func(name, about string, wire []byte, reason string) {
		b.add(name, about, start+450, reason).Wire = hex.EncodeToString(wire)
	}
	for _, version := range []byte{0, 2, 255} {
		s := with(func(s *session) { s.version = version })
		wire := s.wire(7, s.sign())
		only(fmt.Sprintf("wire-version-%d", version), "raw bytes of another version", wire, "unsupported_version")
		b.text(fmt.Sprintf("text-body-version-%d", version),
			"the same bytes behind RG1: the prefix and the body must agree", "RG1:"+base45(wire), "malformed")
	}
	only("wire-too-short", "124 bytes", good[:124], "malformed")
	only("wire-too-long", "126 bytes", append(good[:125:125], 0), "malformed")
	only("wire-pass-only", "a pass without step and link", good[:108], "malformed")
	only("wire-one-byte", "a version and nothing else", good[:1], "malformed")
	only("wire-twice", "two codes in a row", append(good[:125:125], good...), "malformed")
	only("wire-of-text", "the text where bytes belong", []byte("RG1:"+base45(good)), "malformed")
}
