package vectors

import (
	"fmt"
	"math"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// ordinary adds valid codes that are not near any edge.
func (b *builder) ordinary() {
	b.code("ok", "the worked example of docs/token-format.md: step 7, in the middle of its minute", ordinary(), 7, start+450, "ok").chained(ordinary())
	b.code("ok-first-step", "step 0 at the second the session starts", ordinary(), 0, start, "ok")
	b.code("ok-last-step", "step 29, whose link is the seed itself", ordinary(), 29, start+29*60, "ok")
	for bit, name := range scopes {
		s := with(func(s *session) { s.scopes = 1 << bit })
		b.code("ok-scope-"+name, "a credential for one use only, asked for that use", s, 0, start, "ok").Scope = name
	}
	for _, p := range []struct {
		period, length byte
		about          string
	}{
		{15, 30, "the shortest period and the most links"},
		{60, 1, "a chain of one link: the seed hashes straight to the anchor"},
		{59, 29, "one below both bounds"},
		{45, 20, "a quarter of an hour in other steps"},
	} {
		s := with(func(s *session) { s.period, s.length = p.period, p.length })
		last := p.length - 1
		b.code(fmt.Sprintf("ok-period-%d-length-%d", p.period, p.length), p.about+"; its last step",
			s, last, start+int64(last)*int64(p.period), "ok").chained(s)
	}
}

// extremes adds valid codes with the smallest and largest value of every number.
func (b *builder) extremes() {
	b.code("ok-index-zero", "index 0, the first credential of the day",
		with(func(s *session) { s.index = 0 }), 3, start+200, "ok")
	largest := with(func(s *session) { s.index = math.MaxUint32 })
	b.code("ok-index-largest", "index 4294967295", largest, 3, start+200, "ok").chained(largest)
	b.code("ok-subject-zero", "a subject of zero bytes is a subject like any other",
		with(func(s *session) { s.subject = [8]byte{} }), 3, start+200, "ok")
	b.code("ok-subject-ones", "a subject of ff bytes: its base45 holds the largest triple, FGW = 65535",
		with(func(s *session) {
			for i := range s.subject {
				s.subject[i] = 0xff
			}
		}), 3, start+200, "ok")
	for _, id := range []tokens.KeyID{0, 65535} {
		s := with(func(s *session) { s.key, s.signer = uint16(id), tokentest.NewIssuer(id) })
		b.code(fmt.Sprintf("ok-key-id-%d", id), "the key id at the end of its range",
			s, 3, start+200, "ok").Keys = []Key{key(id)}
	}
	b.code("ok-start-zero", "start 0 at second 0, day 0: arithmetic below zero must not wrap",
		with(func(s *session) { s.day, s.start, s.expiry = 0, 0, day24-8*hour }), 0, 0, "ok")
	b.code("ok-expiry-largest", "expiry 4294967295, in the year 2106",
		with(func(s *session) {
			s.expiry = math.MaxUint32
			s.start = s.expiry - day24
			s.day = dayOf(s.start)
		}), 29, math.MaxUint32-day24+29*60, "ok")
	b.code("ok-last-pair-largest", "the link ends in ff, so the text ends in U5, the largest last pair",
		endingIn(0xff), 29, start+29*60, "ok")
	b.code("ok-last-pair-zero", "the link ends in 00, so the text ends in 00", endingIn(0), 29, start+29*60, "ok")
}

// endingIn returns a session whose last link ends in the byte.
func endingIn(last byte) session { return with(func(s *session) { s.seed[15] = last }) }
