package vectors

// window adds both sides of every edge of the rotation window, to the second.
func (b *builder) window() {
	o := ordinary()
	b.code("window-first-second", "step 7 five seconds before it begins", o, 7, start+7*60-5, "ok")
	b.code("window-before-first-second", "step 7 six seconds before it begins", o, 7, start+7*60-6, "code_ahead")
	b.code("window-begins", "step 7 at the second it begins", o, 7, start+7*60, "ok")
	b.code("window-own-last-second", "step 7 in the last second of its own minute", o, 7, start+8*60-1, "ok")
	b.code("window-previous", "step 7 at the second step 8 begins", o, 7, start+8*60, "ok")
	b.code("window-last-second", "step 7 in the last second of step 8", o, 7, start+9*60-1, "ok")
	b.code("window-after-last-second", "step 7 at the second step 9 begins", o, 7, start+9*60, "code_stale")
	b.code("window-two-ahead", "step 9 in the last second of step 7: one step ahead at most", o, 9, start+8*60-1, "code_ahead")
	b.code("window-far-ahead", "step 29 in the first minute", o, 29, start+30, "code_ahead")
	b.code("window-far-behind", "step 0 after ten minutes", o, 0, start+600, "code_stale")

	b.code("window-start-first-second", "step 0 five seconds before the session starts", o, 0, start-5, "ok")
	b.code("window-start-before", "step 0 six seconds before the session starts", o, 0, start-6, "not_yet_valid")
	b.code("window-start-long-before", "a session of the next hour", o, 0, start-hour, "not_yet_valid")
	b.code("window-start-step-1", "step 1 before the session starts", o, 1, start-1, "code_ahead")
	b.code("window-start-step-1-first-second", "step 1 five seconds before it begins", o, 1, start+55, "ok")
	b.code("window-start-step-0-last-second", "step 0 in the last second of step 1", o, 0, start+119, "ok")
	b.code("window-start-step-0-after", "step 0 at the second step 2 begins", o, 0, start+120, "code_stale")

	b.code("window-end-last-second", "step 29 one period after the 30th minute, last second", o, 29, start+31*60-1, "ok")
	b.code("window-end-after", "step 29 a second later: no newer link exists", o, 29, start+31*60, "session_over")
	b.code("window-end-step-28-last-second", "step 28 in the last second of the 30 minutes", o, 28, start+30*60-1, "ok")
	b.code("window-end-step-28-after", "step 28 when the 30 minutes are over: refreshing no longer helps", o, 28, start+30*60, "session_over")
	b.code("window-end-step-27", "step 27 in the 30th minute: refreshing still helps", o, 27, start+29*60, "code_stale")
	b.code("window-end-step-0", "step 0 when the 30 minutes are over", o, 0, start+30*60, "session_over")

	short := with(func(s *session) { s.period = 15 })
	b.code("window-period-15-first-second", "the five seconds do not shrink with the period", short, 1, start+10, "ok")
	b.code("window-period-15-before", "one second earlier", short, 1, start+9, "code_ahead")
	b.code("window-period-15-last-second", "two periods of 15 s, last second", short, 1, start+44, "ok")
	b.code("window-period-15-after", "one second later", short, 1, start+45, "code_stale")
	one := with(func(s *session) { s.length = 1 })
	b.code("window-length-1-last-second", "a chain of one link passes for two periods", one, 0, start+119, "ok")
	b.code("window-length-1-after", "and then the session is over", one, 0, start+120, "session_over")
}

// wide adds times whose sums or differences need more than 32 bits or a sign.
func (b *builder) wide() {
	const top = 1<<32 - 1
	last := with(func(s *session) { s.start, s.expiry, s.day = top-1, top, dayOf(top-day24) })
	b.code("window-end-above-32-bits", "the window's end, start + 2 * 60, is above 2^32", last, 0, top-1, "ok")
	b.code("window-begin-above-32-bits", "step 1 begins above 2^32 and is a minute ahead", last, 1, top-1, "code_ahead")
	b.code("window-early-above-32-bits", "the last session of all, five seconds early", last, 0, top-6, "ok")
	o := ordinary()
	b.code("expiry-now-above-32-bits", "the gate's time needs 33 bits; cut to 32 it would lie in the window", o, 7, start+450+1<<32, "credential_expired")
	first := with(func(s *session) { s.day, s.start, s.expiry = 0, 0, day24-8*hour })
	b.code("window-now-negative", "five seconds before a session that starts at 0: the gate's time is below 0", first, 0, -5, "ok")
	b.code("window-now-negative-before", "a second earlier", first, 0, -6, "not_yet_valid")
}

// credential adds both ends of the credential's 24 hours.
func (b *builder) credential() {
	late := with(func(s *session) { s.expiry = start + 100; s.day = dayOf(s.expiry - day24) })
	b.code("expiry-last-second", "the last second of the 24 hours, inside a session", late, 1, start+99, "ok")
	b.code("expiry", "the 24 hours end at expiry, with no tolerance", late, 1, start+100, "credential_expired")
	b.code("expiry-long-past", "a week later the credential has expired; the session does not matter", late, 1, start+7*day24, "credential_expired")

	last := with(func(s *session) { s.expiry = start + 1; s.day = dayOf(s.expiry - day24) })
	b.code("start-last-second", "a session may start in the last second of the credential", last, 0, start, "ok")
	b.code("start-last-second-early", "and be shown five seconds before that", last, 0, start-5, "ok")
	over := with(func(s *session) { s.expiry = start; s.day = dayOf(s.expiry - day24) })
	b.code("start-at-expiry", "no session starts at expiry", over, 0, start-1, "malformed")
	after := with(func(s *session) { s.expiry = start - 1; s.day = dayOf(s.expiry - day24) })
	b.code("start-after-expiry", "nor after it", after, 0, start-2, "malformed")
	first := with(func(s *session) { s.expiry = start + day24 })
	b.code("start-at-approval", "a session may start at the second of approval", first, 0, start, "ok")
	before := with(func(s *session) { s.expiry = start + day24 + 1 })
	b.code("start-before-approval", "no session starts before approval", before, 0, start, "malformed")
}

// days adds cases of the serial's day: the railway day of approval, in Beijing time.
func (b *builder) days() {
	const midnight = start + 16*hour // 2026-02-11 00:00:00 Beijing time, 16:00 UTC of the day before
	approved := func(at int64, day uint16) session {
		return with(func(s *session) { s.start, s.expiry, s.day = at, at+day24, day })
	}
	b.code("day-last-second", "approved at 23:59:59 Beijing time", approved(midnight-1, 20494), 0, midnight-1, "ok")
	b.code("day-last-second-next", "the same moment under the next day's number", approved(midnight-1, 20495), 0, midnight-1, "malformed")
	b.code("day-first-second", "approved at 00:00:00 Beijing time", approved(midnight, 20495), 0, midnight, "ok")
	b.code("day-first-second-utc", "the same moment under the day it is in UTC", approved(midnight, 20494), 0, midnight, "malformed")
	b.code("day-of-start", "approved before midnight, shown after it: the day stays that of approval",
		with(func(s *session) { s.start, s.expiry = midnight+hour, midnight-1+day24 }), 0, midnight+hour, "ok")
	b.code("day-of-start-wrong", "the same session under the day it started",
		with(func(s *session) { s.start, s.expiry, s.day = midnight+hour, midnight-1+day24, 20495 }), 0, midnight+hour, "malformed")
	const leap = 1835452799 // 2028-02-29 23:59:59 Beijing time
	b.code("day-leap", "approved in the last second of 29 February 2028", approved(leap, 21243), 0, leap, "ok")
	b.code("day-after-leap", "approved in the first second of 1 March 2028", approved(leap+1, 21244), 0, leap+1, "ok")
	b.code("day-zero", "day 0 with an expiry in 2026",
		with(func(s *session) { s.day = 0 }), 0, start, "malformed")
}
