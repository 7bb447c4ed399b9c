package vectors

import (
	"bytes"
	"encoding/hex"
	"strconv"
)

// kinds makes the cases about the meaning of each record.
func (k *collection) kinds() {
	k.single("heartbeat", "no records: the watermark moves", b(1), "applied")
	k.single("revoke", "a serial is revoked, and no other", b(1, revoke(42)), "applied").with(func(e *Expect) {
		e.Revoked, e.NotRevoked = []string{name(42)}, []string{name(41), name(43), "20493-42", "20495-42"}
	})
	k.single("revoke-edges", "the first and the last index", b(1, revoke(0), revoke(1<<32-1)), "applied").Revoked = []string{name(0), name(1<<32 - 1)}
	k.single("unrevoke", "revoked and unrevoked", b(1, revoke(42), unrevoke(42)), "applied").NotRevoked = []string{name(42)}
	k.single("revoke-again", "revoked, unrevoked and revoked", b(1, revoke(42), unrevoke(42), revoke(42)), "applied").Revoked = []string{name(42)}
	k.single("unrevoke-unknown", "unrevoked without having been revoked", b(1, unrevoke(42)), "applied").NotRevoked = []string{name(42)}
	k.single("announce", "an issuer key", b(1, announce(7, issuer(7))), "applied").Keys = []Key{key(7)}
	k.single("announce-again", "an id keeps the key it was first bound to", b(1, announce(7, issuer(7)), announce(7, issuer(8))), "applied").Keys = []Key{key(7)}
	weak := make([]byte, 32)
	k.single("announce-weak", "a key of small order is refused, and the other records of the batch count",
		b(1, announce(7, weak), announce(8, issuer(8))), "applied").Keys = []Key{key(8)}
	cut := func(n int, at int64, exempt ...string) Key {
		c := key(n)
		c.Cutoff, c.Exempt = &at, exempt
		return c
	}
	k.single("retire", "a key is cut off", b(1, announce(7, issuer(7)), retire(7, start)), "applied").Keys = []Key{cut(7, start)}
	k.single("retire-earlier", "a key's cut-off moves to an earlier time only",
		b(1, announce(7, issuer(7)), retire(7, start), retire(7, start+60), retire(7, start-60), retire(7, start)), "applied").Keys = []Key{cut(7, start-60)}
	k.single("retire-zero", "a cut-off of 0 is a cut-off", b(1, announce(7, issuer(7)), retire(7, 0)), "applied").Keys = []Key{cut(7, 0)}
	k.single("retire-last-second", "a cut-off of 2^32 - 1 is a cut-off, too", b(1, announce(7, issuer(7)), retire(7, 1<<32-1)), "applied").Keys = []Key{cut(7, 1<<32-1)}
	k.single("retire-unknown", "a key that was never announced", b(1, retire(7, start)), "applied")
	k.single("rescue", "a serial that stays good under a key", b(1, announce(7, issuer(7)), exempt(7, 42), retire(7, 0)), "applied").Keys = []Key{cut(7, 0, name(42))}
	k.single("rescue-unknown", "under a key that was never announced", b(1, exempt(7, 42)), "applied")
	subject := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	text := hex.EncodeToString(subject)
	k.single("revoke-subject", "a subject's sessions from before a second", b(1, cutSubject(subject, start)), "applied").
		SubjectCutoffs = []SubjectCutoff{{text, start}}
	k.single("revoke-subject-later", "a subject's cut-off moves to a later time only",
		b(1, cutSubject(subject, start), cutSubject(subject, start-60), cutSubject(subject, start+60), cutSubject(subject, start)), "applied").
		SubjectCutoffs = []SubjectCutoff{{text, start + 60}}
	k.single("revoke-subject-zero", "a cut-off of 0 refuses no session", b(1, cutSubject(subject, 0)), "applied")
	k.single("revoke-subject-too-far", "a cut-off more than 24 h ahead", b(1, cutSubject(subject, start+24*3600+1)), "applied")
	k.single("revoke-subject-farthest", "a cut-off 24 h ahead", b(1, cutSubject(subject, start+24*3600)), "applied").
		SubjectCutoffs = []SubjectCutoff{{text, start + 24*3600}}
	k.closings()
	e := k.single("all-kinds", "a record of each kind", b(1, announce(7, issuer(7)), exempt(7, 42), retire(7, start), revoke(42), unrevoke(42), revoke(43),
		cutSubject(subject, start), closeSession(44, start-60, at)), "applied")
	e.Keys, e.Revoked, e.NotRevoked = []Key{cut(7, start, name(42))}, []string{name(43)}, []string{name(42)}
	e.SubjectCutoffs, e.ClosedSessions = []SubjectCutoff{{text, start}}, []ClosedSession{{name(44), start - 60, start}}
	most := make([][]byte, 1024)
	for i := range most {
		most[i] = revoke(i % 3)
	}
	k.single("most-records", "1024 records", b(1, most...), "applied").Revoked = []string{name(0), name(1), name(2)}
}

// closings makes the cases of kind 7.
func (k *collection) closings() {
	closed := func(index int, start, at int64) ClosedSession { return ClosedSession{name(index), start, at} }
	e := k.single("revoke-session", "a session is closed, and neither its credential nor another session", b(1, closeSession(42, start-60, at+999)), "applied")
	e.ClosedSessions, e.NotRevoked = []ClosedSession{closed(42, start-60, start)}, []string{name(42)}
	e.OpenSessions = []ClosedSession{closed(42, start-61, 0), closed(42, start-59, 0), closed(41, start-60, 0), closed(43, start-60, 0)}
	k.single("revoke-session-twice", "of two closings the earlier counts",
		b(1, closeSession(42, start-60, at), closeSession(42, start-60, at-2000), closeSession(42, start-60, at-1000)), "applied").
		ClosedSessions = []ClosedSession{closed(42, start-60, start-2)}
	k.single("revoke-session-unrevoke", "to unrevoke the credential opens no session", b(1, revoke(42), closeSession(42, start-60, at), unrevoke(42)), "applied").
		with(func(e *Expect) {
			e.ClosedSessions, e.NotRevoked = []ClosedSession{closed(42, start-60, start)}, []string{name(42)}
		})
	first := int64(day*86400 - 8*3600)
	k.single("revoke-session-first-second", "a session that starts with its railway day", b(1, closeSession(42, first, (first+60)*1000)), "applied").
		ClosedSessions = []ClosedSession{closed(42, first, first+60)}
	k.single("revoke-session-day-before", "a start before the serial's day: no code bears it", b(1, closeSession(42, first-1, at)), "applied").
		OpenSessions = []ClosedSession{closed(42, first-1, 0)}
	k.single("revoke-session-two-days-later", "a start two days after the beginning of the serial's day: no code bears it",
		b(1, closeSession(42, first+2*86400, at)), "applied").OpenSessions = []ClosedSession{closed(42, first+2*86400, 0)}
	k.single("revoke-session-latest", "the last start that the serial's day allows", b(1, closeSession(42, first+2*86400-1, (first+2*86400)*1000)), "applied").
		ClosedSessions = []ClosedSession{closed(42, first+2*86400-1, first+2*86400)}
}

func (e *Expect) with(change func(*Expect)) { change(e) }

// forms makes the cases of what parses and what is skipped.
func (k *collection) forms() {
	unknown := func(kind byte, size int) []byte { return record(kind, bytes.Repeat([]byte{0xee}, size)) }
	for _, c := range []struct {
		name, about string
		kind        byte
		size        int
	}{
		{"unknown-kind", "a kind to come, stepped over by its length", 200, 20}, {"unknown-kind-empty", "without a payload", 8, 0},
		{"unknown-kind-short", "shorter than a time", 8, 7}, {"unknown-kind-longest", "of 255 bytes", 255, 255},
		{"unknown-kind-zero", "kind 0 is a kind that no reader knows", 0, 9},
	} {
		k.single(c.name, c.about, b(1, revoke(1), unknown(c.kind, c.size), revoke(2)), "applied").with(func(e *Expect) {
			e.Revoked, e.UnknownKinds = []string{name(1), name(2)}, 1
		})
	}
	late := record(200, ms(1<<63), []byte("new"))
	k.single("unknown-kind-time", "nothing of an unknown record is looked at, a time of 2^63 neither", b(1, late), "applied").UnknownKinds = 1

	bad := func(name, about string, x batch) { k.single("bad-"+name, about, x, "unreadable") }
	bad("epoch-zero", "epochs begin at 1", b(1).with(func(x *batch) { x.epoch = 0 }))
	bad("first-zero", "numbers begin at 1", b(0))
	bad("first-overflow", "First + Count is 2^64", b(1<<64-1, revoke(1)))
	bad("first-overflow-by-one", "First + Count is 2^64 + 1", b(1<<64-1, revoke(1), revoke(2)))
	bad("issued-two-to-63", "Issued is 2^63", b(1).with(func(x *batch) { x.issued, x.through = 1<<63, at }))
	bad("issued-and-through-two-to-63", "Issued and Through are 2^63", b(1).with(func(x *batch) { x.issued, x.through = 1<<63, 1<<63 }))
	bad("through-two-to-63", "Through is 2^63", b(1).with(func(x *batch) { x.through = 1 << 63 }))
	bad("through-after-issued", "Through is above Issued", b(1).with(func(x *batch) { x.through = at + 1 }))
	bad("count-too-many", "Count says one record more", b(1, revoke(1)).with(func(x *batch) { x.count = 2 }))
	bad("count-too-few", "Count says one record fewer", b(1, revoke(1), revoke(2)).with(func(x *batch) { x.count = 1 }))
	bad("bytes-after-records", "a byte too many", b(1, revoke(1)).with(func(x *batch) { x.after = []byte{0} }))
	bad("bytes-in-heartbeat", "a heartbeat with a byte", b(1).with(func(x *batch) { x.after = []byte{0} }))
	bad("record-head-cut", "a record of one byte", b(1, []byte{1}))
	bad("record-cut", "a record with one byte less than its length says", b(1, revoke(1)[:15]))
	for kind, size := range map[byte]int{1: 14, 2: 14, 3: 42, 4: 14, 5: 16, 6: 20, 7: 18, 9: 42, 10: 14, 11: 14, 12: 25} {
		number := strconv.Itoa(int(kind))
		bad("kind-"+number+"-short", "a known kind with a byte less", b(1, record(kind, ms(at), bytes.Repeat([]byte{1}, size-9))))
		bad("kind-"+number+"-long", "a known kind with a byte more", b(1, record(kind, ms(at), bytes.Repeat([]byte{1}, size-7))))
		bad("kind-"+number+"-time", "a known kind with a time of 2^63", b(1, record(kind, ms(1<<63), bytes.Repeat([]byte{1}, size-8))))
	}
	many := make([][]byte, 1025)
	for i := range many {
		many[i] = []byte{200, 0}
	}
	bad("count-1025", "1025 records", b(1, many...))
	whole := b(1).raw()
	k.newCase("bad-empty", "no bytes").message(nil, 0, at, "unreadable")
	k.newCase("bad-header-cut", "the header lacks a byte; the signature is genuine").batch(batch{magic: "RGC1", count: -1, signer: authority("authority")}.with(func(x *batch) {
		x.authority = whole[4:8]
	}).cut(43), at, "unreadable")
	k.newCase("bad-family", "another magic").batch(b(1).with(func(x *batch) { x.magic = "RGD1" }), at, "unreadable")
	k.newCase("bad-text", "rubbish").message([]byte("hello"), 0, at, "unreadable")
}

// cut returns a batch whose signed part has the given length.
func (x batch) cut(size int) batch {
	m := x.raw()[:size]
	return batch{magic: string(m), whole: true, signer: x.signer}
}

// signatures makes the cases about signatures and versions.
func (k *collection) signatures() {
	k.single("newer-version", "another version under the pinned key", b(1).with(func(x *batch) { x.magic = "RGC2" }), "newer_version")
	k.single("newer-version-short", "of a newer version the envelope alone is known",
		b(1).with(func(x *batch) { x.magic = "RGC2" }).cut(8), "newer_version")
	k.single("newer-version-forged", "another version, signed by a stranger who names the pinned key", b(1).with(func(x *batch) {
		x.magic = "RGC9"
		x.authority = b(1).raw()[4:8]
		x.signer = authority("stranger")
	}), "forged")
	k.single("newer-version-too-short", "too short for an envelope", b(1).with(func(x *batch) { x.magic = "RGC2" }).cut(7), "unreadable")
	k.single("other-authority", "signed under another key", b(1, revoke(1)).with(func(x *batch) { x.signer = authority("stranger") }), "wrong_authority")
	k.single("forged", "signed by a stranger who names the pinned key", b(1, revoke(1)).with(func(x *batch) {
		x.authority = b(1).raw()[4:8]
		x.signer = authority("stranger")
	}), "forged")
	for _, c := range []struct {
		name string
		byte int
	}{{"epoch", 15}, {"first", 27}, {"issued", 35}, {"record", 60}, {"signature-r", 70}, {"signature-s", 92}} {
		raw := b(1, revoke(1)).raw()
		raw[c.byte] ^= 2
		k.newCase("forged-"+c.name, "one bit changed").message(raw, 0, at, "forged")
	}
	s := k.newCase("forged-then-genuine", "a forgery takes no number")
	raw := b(1, revoke(1)).raw()
	raw[60] ^= 1
	s.message(raw, 0, at, "forged").batch(b(1, revoke(2)), at, "applied")
	s.Expect.Revoked, s.Expect.NotRevoked, s.Expect.WatermarkMS = []string{name(2)}, []string{name(1)}, at
}
