package vectors

import (
	"encoding/hex"

	"github.com/railgate/railgate/tokens/tokentest"
)

// keys adds cases about the gate's issuer keys.
func (b *builder) keys() {
	o := ordinary()
	at := int64(start + 450)
	v := b.code("key-second", "signed by the second of two keys",
		with(func(s *session) { s.key, s.signer = 2, tokentest.NewIssuer(2) }), 7, at, "ok")
	v.Keys = []Key{key(1), key(2)}
	b.code("key-unknown", "the gate knows another key only", o, 7, at, "unknown_key").Keys = []Key{key(2)}
	b.code("key-none", "the gate knows no key", o, 7, at, "unknown_key").Keys = []Key{}
	b.code("key-cut-off-after-start", "the key is cut off a second after the session started", o, 7, at, "ok").
		Keys = []Key{cutoff(1, start+1)}
	b.code("key-cut-off-at-start", "the key is cut off at the second the session started", o, 7, at, "key_retired").
		Keys = []Key{cutoff(1, start)}
	b.code("key-cut-off-before-start", "the key was cut off a second before the session started", o, 7, at, "key_retired").
		Keys = []Key{cutoff(1, start-1)}
	b.code("key-cut-off-zero", "a key cut off from the beginning of time", o, 7, at, "key_retired").
		Keys = []Key{cutoff(1, 0)}
	b.code("key-cut-off-passed", "the cut-off lies between start and now: it speaks of starts only", o, 7, at, "ok").
		Keys = []Key{cutoff(1, start+200)}
	b.code("key-other-cut-off", "another key was cut off", o, 7, at, "ok").
		Keys = []Key{key(1), cutoff(2, 0)}
	b.code("key-cut-off-above-32-bits", "the key is cut off in the year 2106, at 2^32 + 1: 32 bits would make it 1", o, 7, at, "ok").
		Keys = []Key{cutoff(1, 1<<32+1)}
	b.code("key-unknown-same-low-byte", "key id 257 where the gate knows key 1: an id has 16 bits",
		with(func(s *session) { s.key = 257 }), 7, at, "unknown_key")
}

// exempt adds cases of serials that are exempt from a key's cutoff.
func (b *builder) exempt() {
	o := ordinary()
	at := int64(start + 450)
	exempt := func(name, about, reason string, keys ...Key) *Vector {
		v := b.code("exempt-"+name, about, o, 7, at, reason)
		v.Keys = keys
		return v
	}
	const this = "20494-1042"
	exempt("this", "the key is cut off from the beginning of time, this credential is exempt", "ok", cutoff(1, 0, this))
	exempt("at-start", "the key is cut off at the second the session started, this credential is exempt", "ok", cutoff(1, start, "20494-7", this))
	exempt("neighbours", "the credentials beside it are exempt", "key_retired", cutoff(1, 0, "20494-1041", "20494-1043"))
	exempt("other-day", "the same index of other days is exempt", "key_retired", cutoff(1, 0, "20493-1042", "20495-1042"))
	exempt("before-cut-off", "the session started before the cut-off: it needs no exemption", "ok", cutoff(1, start+1, "20494-7"))
	exempt("in-service", "a key in service with exempt serials, this one not among them", "ok", Key{ID: 1, Public: key(1).Public, Exempt: []string{"20494-7"}})
	exempt("other-key", "the credential is exempt under another key", "key_retired", cutoff(1, 0), cutoff(2, 0, this))
	exempt("unknown-key", "the credential is exempt under a key that it does not name; its own is unknown", "unknown_key", cutoff(2, 0, this))
	exempt("revoked", "an exempt credential that was revoked", "revoked", cutoff(1, 0, this)).Revoked = []string{this}
	exempt("subject", "an exempt credential whose session began before its subject's cut-off", "revoked", cutoff(1, 0, this)).
		SubjectCutoffs = []SubjectCutoff{{subject(o), start + 1}}
	exempt("stale", "an exempt credential, its code two steps old", "code_stale", cutoff(1, 0, this)).Now = start + 9*60
	exempt("expired", "an exempt credential at the end of its 24 hours", "credential_expired", cutoff(1, 0, this)).Now = o.expiry
	forged := with(func(s *session) { s.signer = tokentest.NewIssuer(7) })
	b.code("exempt-signature", "an exempt serial on a pass that another key signed", forged, 7, at, "bad_signature").
		Keys = []Key{cutoff(1, 0, this)}
}

func subject(s session) string { return hex.EncodeToString(s.subject[:]) }

// subjects adds cases of subjects' cutoffs, which apply to the start of sessions.
func (b *builder) subjects() {
	o := ordinary()
	at := int64(start + 450)
	cut := func(name, about, reason string, cuts ...SubjectCutoff) {
		b.code("subject-"+name, about, o, 7, at, reason).SubjectCutoffs = cuts
	}
	own := subject(o)
	cut("cut-off-before-start", "the subject's cut-off is a second before the session started", "ok", SubjectCutoff{own, start - 1})
	cut("cut-off-at-start", "the session started at the second of the subject's cut-off", "ok", SubjectCutoff{own, start})
	cut("cut-off-after-start", "the session started a second before the subject's cut-off", "revoked", SubjectCutoff{own, start + 1})
	cut("cut-off-zero", "a cut-off of 0 cuts nothing off", "ok", SubjectCutoff{own, 0})
	cut("cut-off-now", "the subject's cut-off is the gate's own second", "revoked", SubjectCutoff{own, at})
	cut("cut-off-ahead", "a cut-off in the future counts from the moment that the gate learns it", "revoked", SubjectCutoff{own, at + hour})
	cut("cut-off-above-32-bits", "a cut-off at 2^32 + 1: 32 bits would make it 1", "revoked", SubjectCutoff{own, 1<<32 + 1})
	cut("other-last-byte", "the cut-off of a subject that differs in its last byte", "ok", SubjectCutoff{own[:14] + "ae", at})
	cut("other-first-byte", "the cut-off of a subject that differs in its first byte", "ok", SubjectCutoff{"72" + own[2:], at})
	cut("among-others", "cut-offs of several subjects, this one the last", "revoked",
		SubjectCutoff{"0000000000000000", at}, SubjectCutoff{"ffffffffffffffff", 0}, SubjectCutoff{own, at})
	zero := with(func(s *session) { s.subject = [8]byte{} })
	b.code("subject-zero", "a subject of zero bytes has a cut-off like any other", zero, 7, at, "revoked").
		SubjectCutoffs = []SubjectCutoff{{subject(zero), at}}
	first := with(func(s *session) { s.day, s.start, s.expiry = 0, 0, day24-8*hour })
	b.code("subject-start-zero", "start 0 and a cut-off of 1", first, 0, 0, "revoked").SubjectCutoffs = []SubjectCutoff{{subject(first), 1}}
}

// revocations adds cases of revoked credentials and of scopes that a credential does
// not have.
func (b *builder) revocations() {
	o := ordinary()
	at := int64(start + 450)
	revoked := func(name, about, reason string, serials ...string) {
		b.code("revoked-"+name, about, o, 7, at, reason).Revoked = serials
	}
	revoked("this", "the credential was revoked", "revoked", "20494-1042")
	revoked("among-others", "the credential was revoked after others", "revoked", "20494-1", "20493-7", "20494-1042")
	revoked("neighbours", "its neighbours were revoked", "ok", "20494-1041", "20494-1043")
	revoked("other-day", "the same index of other days was revoked", "ok", "20493-1042", "20495-1042")
	revoked("same-low-half", "a credential 65536 further on was revoked: an index has 32 bits", "ok", "20494-66578")
	b.code("scope-all-but-this", "a credential for every use but the one asked for",
		with(func(s *session) { s.scopes = 0x7f &^ 0x10 }), 7, at, "wrong_scope")
	b.code("scope-sale-only", "a credential for buying tickets at the entry gate",
		with(func(s *session) { s.scopes = 0x01 }), 7, at, "wrong_scope")
	b.code("scope-onboard-only", "a credential for trains at the entry gate",
		with(func(s *session) { s.scopes = 0x40 }), 7, at, "wrong_scope")
}

// order adds codes with two faults. The answer is the first in the order of the check.
func (b *builder) order() {
	at := int64(start + 450)
	expired := func(s *session) { s.expiry = start + 100; s.day = dayOf(s.expiry - day24) }
	two := func(name, about string, change func(*session), step byte, now int64, reason string) *Vector {
		return b.code("order-"+name, about, with(change), step, now, reason)
	}
	none := func(*session) {}
	forged := func(s *session) { s.signer = tokentest.NewIssuer(7) }
	two("malformed-unknown-key", "a bound is broken and the key unknown", func(s *session) { s.scopes = 0 }, 7, at, "malformed").
		Keys = []Key{}
	two("unknown-key-expired", "key unknown, credential expired", expired, 1, start+100, "unknown_key").Keys = []Key{}
	two("key-retired-expired", "key retired, credential expired", expired, 1, start+100, "key_retired").
		Keys = []Key{cutoff(1, start)}
	two("expired-session-over", "the credential and the session are over", expired, 1, start+hour, "credential_expired")
	two("expired-scope", "credential expired, wrong use", func(s *session) { expired(s); s.scopes = 1 }, 1, start+100, "credential_expired")
	two("not-yet-scope", "not yet valid, wrong use", func(s *session) { s.scopes = 1 }, 0, start-6, "not_yet_valid")
	two("stale-scope", "stale, wrong use", func(s *session) { s.scopes = 1 }, 2, at, "code_stale")
	two("ahead-scope", "ahead, wrong use", func(s *session) { s.scopes = 1 }, 12, at, "code_ahead")
	two("session-over-revoked", "session over, revoked", none, 7, start+hour, "session_over").Revoked = []string{"20494-1042"}
	two("scope-revoked", "wrong use, revoked", func(s *session) { s.scopes = 1 }, 7, at, "wrong_scope").
		Revoked = []string{"20494-1042"}
	two("revoked-link", "revoked, and the chain is another's",
		func(s *session) { s.anchor = &[16]byte{1} }, 7, at, "revoked").Revoked = []string{"20494-1042"}
	two("revoked-signature", "revoked, and signed by nobody", forged, 7, at, "revoked").Revoked = []string{"20494-1042"}
	cut := []SubjectCutoff{{subject(ordinary()), at}}
	two("session-over-subject", "session over, subject cut off", none, 7, start+hour, "session_over").SubjectCutoffs = cut
	two("scope-subject", "wrong use, subject cut off", func(s *session) { s.scopes = 1 }, 7, at, "wrong_scope").SubjectCutoffs = cut
	two("subject-link", "subject cut off, and the chain is another's",
		func(s *session) { s.anchor = &[16]byte{1} }, 7, at, "revoked").SubjectCutoffs = cut
	two("subject-signature", "subject cut off, and signed by nobody", forged, 7, at, "revoked").SubjectCutoffs = cut
	two("stale-signature", "stale, and signed by nobody", forged, 2, at, "code_stale")
	two("link-signature", "the chain is another's, and signed by nobody",
		func(s *session) { forged(s); s.anchor = &[16]byte{1} }, 7, at, "link_mismatch")
}
