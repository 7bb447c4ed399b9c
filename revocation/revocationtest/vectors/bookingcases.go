package vectors

import (
	"bytes"
	"encoding/hex"
)

func booking(body string) []byte { return record(13, ms(at), []byte(body)) }

// booked returns a batch of the domain of bookings.
func booked(first uint64, records ...[]byte) batch {
	return b(first, records...).with(func(x *batch) { x.magic = "RGB1" })
}

// bookings makes the cases of the domain of bookings. A body is passed on unread, so it may be anything here.
func (k *collection) bookings() {
	passed := func(bodies ...string) (all []Booking) {
		for _, body := range bodies {
			all = append(all, Booking{hex.EncodeToString([]byte(body)), at})
		}
		return all
	}
	newCase := func(name, about string) *testCase {
		s := k.newCase(name, about)
		s.Domain = "bookings"
		return s
	}
	single := func(name, about string, x batch, outcome string) *Expect {
		s := newCase("bookings"+name, about).batch(x, at, outcome)
		if outcome == "applied" {
			s.Expect.WatermarkMS = at
		}
		return &s.Expect
	}
	single("", "bookings are passed on in their order", booked(1, booking("b"), booking("a")), "applied").Bookings = passed("b", "a")
	single("-heartbeat", "no records: the watermark moves", booked(1), "applied")
	longest := string(bytes.Repeat([]byte{0xee}, 240))
	single("-longest", "a body of 240 bytes", booked(1, booking(longest)), "applied").Bookings = passed(longest)
	single("-empty-body", "a body of no bytes", booked(1, booking("")), "unreadable")
	single("-too-long", "a body of 241 bytes", booked(1, booking(longest+"b")), "unreadable")
	single("-short", "shorter than a time", booked(1, record(13, ms(at)[:7])), "unreadable")
	single("-time", "a time of 2^63", booked(1, record(13, ms(1<<63), []byte("b"))), "unreadable")
	many, bodies := make([][]byte, 257), make([]string, 256)
	for i := range many {
		many[i] = booking("b")
	}
	for i := range bodies {
		bodies[i] = "b"
	}
	single("-most", "256 records", booked(1, many[:256]...), "applied").Bookings = passed(bodies...)
	single("-257", "257 records", booked(1, many...), "unreadable")
	single("-newer-version", "another version under the pinned key", booked(1).with(func(x *batch) { x.magic = "RGB2" }), "newer_version")
	single("-unknown-kind", "a control record is a kind that no reader of bookings knows, whatever its length",
		booked(1, revoke(42), booking("b"), record(7, []byte{1})), "applied").with(func(e *Expect) { e.Bookings, e.UnknownKinds = passed("b"), 2 })
	single("-control-batch", "a batch of the control stream means nothing here", b(1, revoke(42)), "unreadable")
	k.single("bad-bookings-batch", "a batch of bookings means nothing in the control stream", booked(1, booking("b")), "unreadable")
	k.single("unknown-kind-booking", "a booking is a kind that no reader of the control stream knows, whatever its length",
		b(1, revoke(1), booking("b"), record(13), revoke(2)), "applied").with(func(e *Expect) {
		e.Revoked, e.UnknownKinds = []string{name(1), name(2)}, 2
	})
	later := func(first uint64, records ...[]byte) batch {
		return booked(first, records...).with(func(x *batch) { x.issued, x.through = at+1000, at+1000 })
	}
	s := newCase("bookings-duplicate", "the same message twice: passed on once").batch(booked(1, booking("b")), at, "applied").
		batch(booked(1, booking("b")), at, "duplicate")
	s.Expect.Bookings, s.Expect.WatermarkMS = passed("b"), at
	s = newCase("bookings-gap", "number 2 is missing: the bookings count, the watermark stays").batch(booked(1, booking("a")), at, "applied").
		batch(later(3, booking("c")), at+1000, "gap")
	s.Expect.Bookings, s.Expect.WatermarkMS, s.Expect.Suspect = passed("a", "c"), at, true
}
