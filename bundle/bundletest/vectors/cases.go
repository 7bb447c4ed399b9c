package vectors

import (
	"slices"

	"github.com/railgate/railgate/bundle/bundletest"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/revocationtest"
	"github.com/railgate/railgate/tokens"
)

// All returns every vector.
func All() []*Vector { return slices.Concat(receipts(), refused(), states()) }

func authority() string {
	public := revocationtest.Authority.Public()
	return hexOf(public[:])
}

func receipts() (all []*Vector) {
	gate := bundletest.NewGate(7)
	code := "RG1:A CODE"
	good := func() []byte {
		return receipt("RGR1", 7, code, byte(tokens.Entry), 0, at+1000, at+2000, at+1900, "already_used", "gate-17")
	}
	fields := &Receipt{Gateway: 7, Code: code, Scope: "entry", Decision: "deny", Reason: "already_used", Scanned: at + 1000, Judged: at + 2000, Watermark: at + 1900, Device: "gate-17"}
	add := func(name, about, expect string, raw []byte, keys ...[]byte) {
		if keys == nil {
			keys = bundletest.Keys(gate)
		}
		r := &Receipt{}
		if expect == "ok" {
			copied := *fields
			r = &copied
		}
		r.Raw, r.Expect = hexOf(raw), expect
		v := &Vector{Name: "receipt-" + name, About: about, Authority: authority(), Receipt: r}
		for _, k := range keys {
			v.Keys = append(v.Keys, hexOf(k))
		}
		all = append(all, v)
	}
	withdrawn := func(cutoff int64) [][]byte {
		return append(bundletest.Keys(gate), bundletest.Proof(3, gate.Withdrawn(cutoff)))
	}
	flip := func(b []byte, i int) []byte { b[i] ^= 1; return b }
	add("genuine", "A denial.", "ok", signed(good()))
	add("withdrawn-later", "The gateway was withdrawn a second after the verdict.", "ok", signed(good()), withdrawn(at/1000+3)...)
	add("withdrawn", "The gateway was withdrawn in the second of the verdict.", "gateway_withdrawn", signed(good()), withdrawn(at/1000+2)...)
	add("unknown-gateway", "No batch announces the gateway.", "gateway_unknown", signed(good()), bundletest.Keys(gate)[:1]...)
	add("other-key", "The authority announced another key for the gateway.", "receipt_signature", signed(good()), bundletest.Keys(bundletest.NewGate(8))[0], bundletest.Proof(2, withID(7)))
	add("flipped-reason", "A letter of the reason was altered.", "receipt_signature", flip(signed(good()), 66))
	add("flipped-signature", "A bit of the signature was altered.", "receipt_signature", flip(signed(good()), len(good())+63))
	add("cut", "The last byte is missing.", "receipt_form", signed(good())[:len(good())+63])
	add("extended", "A byte follows.", "receipt_form", append(signed(good()), 0))
	add("newer-version", "Of version 2.", "receipt_version", signed(append([]byte("RGR2"), good()[4:]...)))
	add("bundle", "The magic of a bundle.", "receipt_form", signed(append([]byte("RGO1"), good()[4:]...)))
	add("empty", "No bytes.", "receipt_form", nil)
	bad := func(name, about string, scope, decision byte, judged int64, reason, device string) {
		add("bad-"+name, about, "receipt_form", signed(receipt("RGR1", 7, code, scope, decision, at+1000, judged, at+1900, reason, device)))
	}
	bad("two-scopes", "Two scopes.", byte(tokens.Entry|tokens.Exit), 0, at, "revoked", "gate-17")
	bad("no-scope", "No scope.", 0, 0, at, "revoked", "gate-17")
	bad("decision", "An unknown decision.", byte(tokens.Entry), 3, at, "ok", "gate-17")
	bad("denied-ok", "Denied with reason ok.", byte(tokens.Entry), 0, at, "ok", "gate-17")
	bad("allowed-revoked", "Allowed with another reason than ok.", byte(tokens.Entry), 1, at, "revoked", "gate-17")
	bad("negative-time", "A time of 2^63.", byte(tokens.Entry), 0, -1<<63, "revoked", "gate-17")
	bad("reason-space", "A reason with a space.", byte(tokens.Entry), 0, at, "not good", "gate-17")
	bad("no-device", "No device.", byte(tokens.Entry), 0, at, "revoked", "")
	bad("long-device", "A device id of 65 bytes.", byte(tokens.Entry), 0, at, "revoked", string(make([]byte, 65)))
	return all
}

// refused are single bundles with the result of reading them.
func refused() (all []*Vector) {
	add := func(name, about, expect string, raw []byte) {
		all = append(all, &Vector{Name: "bundle-" + name, About: about, Authority: authority(), Device: bundletest.Device, Bundles: []Document{{Raw: hexOf(raw), Expect: expect}}})
	}
	with := func(change func(*head)) []byte {
		h := newHead()
		change(&h)
		return bundleOf(h, whole()...)
	}
	section3 := func(body []byte) []byte { return bundleOf(newHead(), replaced(section{3, body})...) }
	gate := bundletest.NewGate(7)
	keys := bundletest.Keys(gate)
	flipped := func(at int) []byte {
		b := bundleOf(newHead(), whole()...)
		if at < 0 {
			at += len(b)
		}
		b[at] ^= 1
		return b
	}
	add("genuine", "Every section that a full bundle can have.", "ok", bundleOf(newHead(), whole()...))
	add("least", "Proofs and policy alone.", "ok", bundleOf(newHead(), whole()[:2]...))
	add("newer-version", "Of version 2.", "version", with(func(h *head) { h.magic = "RGO2" }))
	add("other-authority", "Made for another authority.", "authority", with(func(h *head) { h.authority[0] ^= 1 }))
	add("unknown-gateway", "Of a gateway that no batch announces.", "gateway_unknown", with(func(h *head) { h.gateway = 8 }))
	add("withdrawn", "Made in the second of the withdrawal.", "gateway_withdrawn", bundleOf(newHead(), replaced(proofs(append(keys, bundletest.Proof(3, gate.Withdrawn(at/1000)))...))...))
	add("flipped-head", "A bit of the time was altered.", "signature", flipped(29))
	add("flipped-signature", "A bit of the signature was altered.", "signature", flipped(43+10*37+5))
	add("flipped-sum", "A bit of the last section's hash was altered.", "signature", flipped(43+10*37-1))
	add("flipped-section", "A bit of the last section was altered.", "section", flipped(-1))
	add("flipped-proof", "A bit of the first proof was altered.", "proof", flipped(43+10*37+64+20))
	whole1 := bundleOf(newHead(), whole()...)
	add("cut", "The last byte is missing.", "form", whole1[:len(whole1)-1])
	add("cut-head", "The head is cut.", "form", whole1[:42])
	add("extended", "A byte follows.", "form", append(slices.Clone(whole1), 0))
	add("no-sections", "No sections.", "form", bundleOf(newHead()))
	add("no-proofs", "The first section is not that of proofs.", "form", bundleOf(newHead(), whole()[1:]...))
	add("no-policy", "No policy.", "contradict", bundleOf(newHead(), whole()[0], whole()[2]))
	add("sections-out-of-order", "Two sections are exchanged.", "form", bundleOf(newHead(), whole()[0], whole()[2], whole()[1]))
	add("section-twice", "A section occurs twice.", "form", bundleOf(newHead(), whole()[0], whole()[1], whole()[1]))
	add("section-empty", "A section without bytes.", "form", bundleOf(newHead(), whole()[0], whole()[1], section{3, nil}))
	add("section-unknown", "A section that no reader knows.", "version", bundleOf(newHead(), whole()[0], whole()[1], section{12, []byte{1}}))
	add("proofs-out-of-order", "The proofs are not in the order in which they were issued.", "contradict", bundleOf(newHead(), replaced(proofs(keys[1], keys[0]))...))
	add("watermark-ahead", "The watermark is 5.001 s after the time it was made.", "contradict", with(func(h *head) { h.watermark = at + 5001 }))
	add("watermark-zero", "No watermark.", "contradict", with(func(h *head) { h.watermark = 0 }))
	add("since-ahead", "A delta since a later watermark than its own.", "contradict", with(func(h *head) { h.since = at }))
	add("unrevoked-in-full", "A full bundle that unrevokes.", "contradict", bundleOf(newHead(), whole()[0], whole()[1], section{4, gaps(day(), 1)}))
	add("serials-none", "A set of revoked serials that is empty.", "contradict", section3(number(0)))
	add("serials-long-number", "A number that is not in its shortest form.", "contradict", section3(join([]byte{0x81, 0}, gaps(day(), 1)[1:])))
	add("serials-bytes-after", "Bytes after the set.", "contradict", section3(append(gaps(day(), 1), 0)))
	add("serials-page-form", "A page of an unknown form.", "contradict", section3(join(number(1), number(uint64(day())), number(0), number(0), []byte{3}, number(0), number(1))))
	add("serials-runs", "A thousand consecutive serials, as a run.", "ok", section3(join(number(1), number(uint64(day())), number(0), number(0), []byte{2}, number(0), number(500), number(999))))
	add("serials-not-shortest", "One serial as a run: gaps are as short and come first.", "contradict", section3(join(number(1), number(uint64(day())), number(0), number(0), []byte{2}, number(0), number(500), number(0))))
	odd := make([]byte, 8192)
	for i := range odd {
		odd[i] = 0x55
	}
	add("serials-bitmap", "Every second serial of a page, as a bitmap.", "ok", section3(join(number(1), number(uint64(day())), number(0), number(0), []byte{1}, odd)))
	add("serials-bitmap-short", "A bitmap with one serial: gaps are shorter.", "contradict", section3(join(number(1), number(uint64(day())), number(0), number(0), []byte{1}, append(make([]byte, 8191), 1))))
	add("other-device", "A genuine bundle of another device.", "device", bundleOf(newHead(), replaced(section{2, append(text("handheld-4"), policy().body[1+len(bundletest.Device):]...)})...))
	add("policy-stale", "Data that expires before it is stale.", "contradict", bundleOf(newHead(), replaced(section{2, join(text(bundletest.Device), text(""), []byte{0x7f}, be(4, 600), be(4, 600), policy().body[len(policy().body)-22+8:])})...))
	add("cutoffs-out-of-order", "Two cutoffs are exchanged.", "contradict", bundleOf(newHead(), replaced(section{6, join(number(2), make([]byte, 7), []byte{2}, be(4, 9), make([]byte, 7), []byte{1}, be(4, 9))})...))
	add("booking-of-another-train", "A booking of another train.", "contradict", bundleOf(newHead(), replaced(section{11, join(text(bundletest.Train), be(8, uint64(at)), []byte{1}, number(0), number(1), text(bundletest.Booking(bundletest.Session(1), "G102")))})...))
	return all
}

// states are devices that accept bundles and check codes.
func states() (all []*Vector) {
	clock := func(now int64) Clock { return Clock{now, now - at + 3_600_000, 1} }
	scan := func(index uint32, scope string, now int64, c Clock, reason, state string, flagged bool, ticket string) Scan {
		s := Scan{Code: string(bundletest.Code(bundletest.Session(index), now)), Scope: scope, Clock: c, Reason: reason, State: state, Flagged: flagged, Ticket: ticket}
		if scope == "onboard" {
			s.Train = bundletest.Train
		}
		return s
	}
	add := func(name, about string, bundles []Document, scans ...Scan) {
		all = append(all, &Vector{Name: "state-" + name, About: about, Authority: authority(), Device: bundletest.Device, Bundles: bundles, Scans: scans})
	}
	document := func(h head, expect string, sections ...section) Document {
		c := clock(h.made)
		return Document{hexOf(bundleOf(h, sections...)), &c, expect}
	}
	later := func(by, since int64) head {
		h := newHead()
		h.made, h.watermark, h.since = h.made+by, h.watermark+by, since
		return h
	}
	full := document(newHead(), "ok", whole()...)
	now := at + 5000
	add("fresh", "What a fresh bundle answers.", []Document{full},
		scan(1, "onboard", now, clock(now), "revoked", "fresh", false, ""), scan(2, "onboard", now, clock(now), "revoked", "fresh", false, ""),
		scan(3, "onboard", now, clock(now), "session_closed", "fresh", false, ""), scan(4, "onboard", now, clock(now), "ok", "fresh", false, "held"),
		scan(7, "onboard", now, clock(now), "no_ticket", "fresh", false, "none"), scan(4, "entry", now, clock(now), "already_used", "fresh", false, "held"),
		scan(5, "entry", now, clock(now), "ok", "fresh", false, "held"), scan(8, "entry", now, clock(now), "ok", "fresh", true, "unknown"),
		scan(4, "exit", now, clock(now), "ok", "fresh", true, "unknown"), scan(8, "sale", now, clock(now), "ok", "fresh", false, ""))
	add("second-use", "The second use of a code on the same device, and a repetition within ten seconds.", []Document{full},
		scan(6, "entry", now, clock(now), "ok", "fresh", false, "held"), scan(6, "entry", now+3000, clock(now+3000), "ok", "fresh", false, "held"),
		scan(6, "entry", now+20_000, clock(now+20_000), "already_used", "fresh", false, "held"))
	stale, expired := at-500+600_000, at-500+6*3_600_000
	add("stale", "The bundle becomes stale: flagged.", []Document{full},
		scan(4, "sale", stale-1, clock(stale-1), "ok", "fresh", false, ""), scan(4, "sale", stale, clock(stale), "ok", "stale", true, ""))
	all[len(all)-1].Scans[0].Code = string(bundletest.Code(bundletest.Session(4), stale-1))
	open := bundletest.Issuer().Open(4, expired/1000-60)
	late := scan(4, "sale", at, clock(expired-1), "ok", "stale", true, "")
	late.Code = string(bundletest.Code(open, expired-1))
	over := late
	over.Clock, over.Reason, over.State, over.Flagged = clock(expired), "stale_revocation_data", "expired", false
	add("expired", "The bundle expires: denied.", []Document{full}, late, over)
	set := func(wall int64, boot uint64) Clock { return Clock{wall, now - at + 3_600_000, boot} }
	add("clock-set", "The wall clock is set: the time comes from the bundle, flagged.", []Document{full},
		scan(4, "onboard", now, set(now-3_600_000, 1), "ok", "clock_doubted", true, "held"), scan(4, "onboard", now, set(now+9999, 1), "ok", "fresh", false, "held"))
	add("clock-lost", "After a restart the wall clock is before the bundle: denied.", []Document{full},
		scan(4, "onboard", now, set(at-3_600_000, 2), "scan_time_refused", "clock_doubted", false, ""), scan(4, "onboard", now, set(now, 2), "ok", "fresh", false, "held"))
	add("from-file", "A bundle that was shipped with the device.", []Document{{full.Raw, nil, "ok"}}, scan(4, "onboard", now, clock(now), "ok", "fresh", false, "held"))
	add("none", "No bundle.", nil, scan(4, "onboard", now, clock(now), "no_revocation_data", "no_bundle", false, ""))
	keys := bundletest.Keys(bundletest.NewGate(7))
	add("delta", "A delta revokes 6, unrevokes 1 and closes the session of 4.", []Document{full, document(later(60_000, at-500), "ok", proofs(keys[1]), policy(),
		section{3, gaps(day(), 6)}, section{4, gaps(day(), 1)}, section{7, join(number(1), number(uint64(session(4).Start)), number(0), number(1<<32|4))})},
		scan(1, "sale", at+61_000, clock(at+61_000), "ok", "fresh", false, ""), scan(4, "sale", at+61_000, clock(at+61_000), "session_closed", "fresh", false, ""),
		scan(6, "sale", at+61_000, clock(at+61_000), "revoked", "fresh", false, ""), scan(2, "sale", at+61_000, clock(at+61_000), "revoked", "fresh", false, ""))
	add("delta-too-short", "A delta that begins after the bundle ends.", []Document{full, document(later(60_000, at-499), "no_base", proofs(keys[1]), policy())})
	add("delta-without-base", "A delta for a device without a bundle.", []Document{document(later(60_000, at-500), "no_base", proofs(keys...), policy())})
	add("rolled-back", "An older bundle after a newer one.", []Document{document(later(60_000, 0), "ok", whole()...), document(later(59_999, 0), "rolled_back", whole()...)})
	lower := later(60_000, 0)
	lower.epoch = 0
	add("epoch-lower", "A bundle of an earlier epoch.", []Document{full, document(lower, "rolled_back", whole()...)})
	ahead := document(later(200_000, 0), "ahead", whole()...)
	c := clock(at + 60_000)
	ahead.Clock = &c
	add("ahead", "A bundle that is dated more than a minute ahead.", []Document{full, ahead})
	gate := bundletest.NewGate(7)
	add("withdrawal-remembered", "A withdrawal that one bundle reports counts for later ones without it.", []Document{
		document(later(0, 0), "ok", replaced(proofs(append(keys, bundletest.Proof(3, gate.Withdrawn(at/1000+10)))...))...), document(later(10_000, 0), "gateway_withdrawn", whole()...)})
	return all
}

// withID announces the key of another gateway under an id.
func withID(id revocation.GatewayID) revocation.Record {
	r := bundletest.NewGate(8).Announced()
	r.Gateway = id
	return r
}
