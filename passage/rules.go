package passage

// otherWay is the passages of one serial in the other way, of each generation. Their order does not matter.
type otherWay [2]word

// terms are the conditions under which passages are judged.
type terms struct {
	at     int64 // Unix ms
	window int64 // ms
	// floor is the time up to which passages are forgiven, Unix ms; 0: none.
	floor int64
}

// age is [word.age], except that a passage from the future, which clocks that differ produce, counts as one of this
// moment.
func (t *terms) age(w word) int64 { return max(0, w.age(t.at)) }

// counts reports whether the word is a passage that staff did not forgive.
func (t *terms) counts(w word) bool {
	return w != 0 && (t.floor == 0 || t.at-w.age(t.at) > t.floor)
}

// refuses reports whether a passage refuses, after the given time in ms, an attempt that is no repetition. followed
// says that a passage of the other way is later.
//
//   - passed: it refuses for CodeLife, then until the window ends or a passage of the other way follows;
//   - held: it refuses for HoldFor;
//   - released: it does not refuse.
func (w word) refuses(after, window int64, followed bool) bool {
	switch w.state() {
	case Passed:
		return after < CodeLife || after < window && !followed
	case Held:
		return after < HoldFor
	}
	return false
}

// followed reports whether one of the passages is later than w and has passed. A hold does not count: the barrier
// may not turn.
func (other *otherWay) followed(w word, t int64) bool {
	for _, o := range other {
		if o != 0 && o.state() == Passed && o.age(t) < w.age(t) {
			return true
		}
	}
	return false
}

// judge decides about an attempt of which w is the latest passage in its way; 0: none.
func judge(w word, other *otherWay, t terms, step uint8, place Place) Answer {
	if !t.counts(w) {
		return Answer{Outcome: Admitted}
	}
	age := t.age(w)
	if !w.refuses(age, t.window, other.followed(w, t.at)) {
		return Answer{Outcome: Admitted}
	}
	switch sameCode := w.step() == step; {
	case sameCode && w.place() == place && age < RepeatFor:
		return Answer{Repeated, age}
	case sameCode && w.place().station() != place.station() && age < CodeLife:
		return Answer{UsedElsewhere, age}
	}
	return Answer{Used, age}
}

// merged returns the word that a slot stores after it was told about passage n while it stored s: the one that
// refuses longer.
//
// Of two that passed, the later one refuses longer, so the order of arrival does not matter. A hold or a release
// replaces an earlier passage only if that does not refuse any more: a hold that is released must not have
// hidden it. A hold that is not stored for that reason is told again when it has passed.
func merged(s, n word, other *otherWay, t terms) word {
	switch {
	case s == 0:
		return n
	case s.same(n):
		return s.latestState(n)
	}
	earlier, later := s, n
	if s.later(n, t.at) {
		earlier, later = n, s
	}
	if later.state() == Passed || earlier.state() == Held && later.state() == Held {
		return later
	}
	if earlier.refuses(earlier.age(t.at)-later.age(t.at), t.window, other.followed(earlier, t.at)) {
		return earlier
	}
	return later
}

// latestState returns one of two words of the same passage. Passed is final. Released is final unless the gate
// reported the turn of the barrier late.
func (w word) latestState(n word) word {
	if w.state() == Passed || n.state() == Held {
		return w
	}
	return n
}
