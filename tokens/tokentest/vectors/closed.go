package vectors

import "github.com/railgate/railgate/tokens/tokentest"

// closed adds cases of closed sessions, which are identified by serial and start.
func (b *builder) closed() {
	o := ordinary()
	at := int64(start + 450)
	const this = "20494-1042"
	closed := func(name, about, reason string, sessions ...ClosedSession) *Vector {
		v := b.code("closed-"+name, about, o, 7, at, reason)
		v.ClosedSessions = sessions
		return v
	}
	closed("this", "the holder closed the session", "session_closed", ClosedSession{this, start})
	closed("among-others", "the session was closed after others", "session_closed",
		ClosedSession{this, start - 1}, ClosedSession{"20494-7", start}, ClosedSession{this, start})
	closed("second-before", "a session of the credential that started a second before was closed", "ok", ClosedSession{this, start - 1})
	closed("second-after", "a session of the credential that started a second later was closed", "ok", ClosedSession{this, start + 1})
	closed("neighbours", "sessions of the neighbouring serials that started in the same second were closed", "ok",
		ClosedSession{"20494-1041", start}, ClosedSession{"20494-1043", start})
	closed("other-day", "sessions of the same index of other days that started in the same second were closed", "ok",
		ClosedSession{"20493-1042", start}, ClosedSession{"20495-1042", start})
	closed("same-low-half", "a session of the serial 65536 further on was closed", "ok", ClosedSession{"20494-66578", start})
	closed("revoked", "session closed, credential revoked", "revoked", ClosedSession{this, start}).Revoked = []string{this}
	closed("subject", "session closed, subject cut off", "revoked", ClosedSession{this, start}).SubjectCutoffs = []SubjectCutoff{{subject(o), at}}
	closed("exempt", "an exempt serial is exempt from its key's cut-off only", "session_closed", ClosedSession{this, start}).
		Keys = []Key{func() Key { k := cutoff(1, 0); k.Exempt = []string{this}; return k }()}
	night := with(func(s *session) { s.start, s.expiry = dayStart(20495)+60, dayStart(20495)-60+day24 })
	b.code("closed-after-midnight", "a session that started after midnight, of a credential of the day before", night, 7, night.start+450, "session_closed").
		ClosedSessions = []ClosedSession{{this, night.start}}
	first := with(func(s *session) { s.day, s.start, s.expiry = 0, 0, day24-8*hour })
	b.code("closed-start-zero", "start 0", first, 0, 0, "session_closed").ClosedSessions = []ClosedSession{{"0-1042", 0}}

	two := func(name, about string, change func(*session), now int64, reason string) {
		b.code("order-"+name, about, with(change), 7, now, reason).ClosedSessions = []ClosedSession{{this, start}}
	}
	two("session-over-closed", "session over, and closed", func(*session) {}, start+hour, "session_over")
	two("scope-closed", "wrong use, session closed", func(s *session) { s.scopes = 1 }, at, "wrong_scope")
	two("closed-link", "session closed, and the chain is another's", func(s *session) { s.anchor = &[16]byte{1} }, at, "session_closed")
	two("closed-signature", "session closed, and signed by nobody", func(s *session) { s.signer = tokentest.NewIssuer(7) }, at, "session_closed")
}

// dayStart returns the first second of a railway day.
func dayStart(day int64) int64 { return day*day24 - 8*hour }
