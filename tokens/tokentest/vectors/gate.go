package vectors

import "github.com/railgate/railgate/tokens/tokentest"

// keys: what the gate knows about issuers.
func (b *book) keys() {
	o := ordinary()
	at := int64(start + 450)
	v := b.code("key-second", "signed by the second of two keys",
		with(func(s *session) { s.key, s.signer = 2, tokentest.NewIssuer(2) }), 7, at, "ok")
	v.Keys = []Key{key(1), key(2)}
	b.code("key-unknown", "the gate knows another key only", o, 7, at, "unknown_key").Keys = []Key{key(2)}
	b.code("key-none", "the gate knows no key", o, 7, at, "unknown_key").Keys = []Key{}
	b.code("key-cut-off-after-start", "the key is cut off a second after the session started", o, 7, at, "ok").
		Keys = []Key{cutOff(1, start+1)}
	b.code("key-cut-off-at-start", "the key is cut off at the second the session started", o, 7, at, "key_retired").
		Keys = []Key{cutOff(1, start)}
	b.code("key-cut-off-before-start", "the key was cut off a second before the session started", o, 7, at, "key_retired").
		Keys = []Key{cutOff(1, start-1)}
	b.code("key-cut-off-zero", "a key cut off from the beginning of time", o, 7, at, "key_retired").
		Keys = []Key{cutOff(1, 0)}
	b.code("key-cut-off-passed", "the cut-off lies between start and now: it speaks of starts only", o, 7, at, "ok").
		Keys = []Key{cutOff(1, start+200)}
	b.code("key-other-cut-off", "another key was cut off", o, 7, at, "ok").
		Keys = []Key{key(1), cutOff(2, 0)}
}

// revocations: one credential, no other; and uses that it was not issued for.
func (b *book) revocations() {
	o := ordinary()
	at := int64(start + 450)
	revoked := func(name, about, reason string, serials ...string) {
		b.code("revoked-"+name, about, o, 7, at, reason).Revoked = serials
	}
	revoked("this", "the credential was revoked", "revoked", "20494-1042")
	revoked("among-others", "the credential was revoked after others", "revoked", "20494-1", "20493-7", "20494-1042")
	revoked("neighbours", "its neighbours were revoked", "ok", "20494-1041", "20494-1043")
	revoked("other-day", "the same index of other days was revoked", "ok", "20493-1042", "20495-1042")
	b.code("scope-all-but-this", "a credential for every use but the one asked for",
		with(func(s *session) { s.scopes = 0x7f &^ 0x10 }), 7, at, "wrong_scope")
	b.code("scope-sale-only", "a credential for buying tickets at the entry gate",
		with(func(s *session) { s.scopes = 0x01 }), 7, at, "wrong_scope")
	b.code("scope-onboard-only", "a credential for trains at the entry gate",
		with(func(s *session) { s.scopes = 0x40 }), 7, at, "wrong_scope")
}

// order: two faults at once; the first in the order of the check is the answer.
func (b *book) order() {
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
		Keys = []Key{cutOff(1, start)}
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
	two("stale-signature", "stale, and signed by nobody", forged, 2, at, "code_stale")
	two("link-signature", "the chain is another's, and signed by nobody",
		func(s *session) { forged(s); s.anchor = &[16]byte{1} }, 7, at, "link_mismatch")
}
