package rules

import "time"

// TakenUntil is until when the identity of an account that closes now stays taken;
// now, if it is free at once.
//
// Ours: the source does not speak of closing. An account may go at any time, and
// what it knew of people goes with it. But whoever closes it and registers anew
// would have an empty list and no tickets bought, and rules B4 and B5 would bind
// nobody. So the identity stays taken until the last passenger whom rule B4 still
// keeps could have been deleted; where tickets count, because the account or a
// passenger is to be submitted, for Limits.Keep from now. Who cannot wait goes to
// the station window in person, as for any identity that is registered already
// (rule B11).
func TakenUntil(a Account, list []Passenger, l Limits, now time.Time) time.Time {
	held := now
	until := func(t time.Time) {
		if t.After(held) {
			held = t
		}
	}
	if a.Status == ToBeSubmitted && a.Tickets > 0 {
		until(now.Add(l.Keep))
	}
	for _, p := range list {
		if p.Status == ToBeSubmitted && p.Tickets > 0 {
			until(now.Add(l.Keep))
		} else if a.kept(p) {
			until(p.AddedAt.Add(l.Keep))
		}
	}
	return held
}
