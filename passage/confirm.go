package passage

// Confirm turns the hold of a's place for a's serial and way into a passage, or releases it. It reports whether
// the hold counted until now. If it did not, because it was confirmed before, or expired and another attempt
// passed, or a passage of another gateway replaced it, a barrier that turned is recorded nevertheless, at a.At.
//
// The time of the hold stays that of the scan. a may be the attempt that was admitted or a repetition of it.
func (t *Table) Confirm(a *Attempt, passed bool) bool {
	key, h := keyOf(a.Serial, a.Way), hashOf(a.Serial)
	var p provisional
	var confirmed word // in p.slot
	for {
		g := t.generations.Load()
		s, old := g.current.find(key, h), g.previous.find(key, h)
		now, before := s.load(), old.load()
		switch {
		case now.heldAt(a):
			state := Released
			if passed {
				state = Passed
			}
			if before.same(now) { // a repetition copied the hold; the copy decides
				old.swap(before, before.in(state))
			}
			if !s.swap(now, now.in(state)) {
				continue
			}
			if !passed || t.generations.Load() == g {
				return true
			}
			p, confirmed = provisional{slot: s}, now.in(Passed)
		case !passed:
			if !before.heldAt(a) {
				return false
			}
			if old.swap(before, before.in(Released)) {
				return now == 0 || !now.later(before, a.At)
			}
		case before.heldAt(a), p.slot != nil && old == p.slot && before == confirmed:
			if now != 0 && now.later(before, a.At) {
				old.swap(before, before.in(Passed))
				return false
			}
			if s == nil {
				if s = g.current.claim(key, h); s == nil {
					// Without room no attempt can pass in this generation either.
					if old.swap(before, before.in(Passed)) {
						t.counters.lose(a.At)
						return true
					}
					continue
				}
			}
			if !s.swap(now, before.in(Passed)) {
				continue
			}
			old.swap(before, before.in(Passed))
			if t.generations.Load() == g {
				return true
			}
			p, confirmed = provisional{slot: s}, before.in(Passed)
		case now.passedAt(a), before.passedAt(a):
			return false // confirmed before
		default:
			if !t.merge(key, h, wordOf(a.At, a.Place, a.Step, Passed), a.At) {
				t.counters.lose(a.At)
			}
			return false
		}
	}
}

// heldAt reports whether the word is a hold of the attempt's place, not older than a code can live.
func (w word) heldAt(a *Attempt) bool {
	return w != 0 && w.state() == Held && w.place() == a.Place && w.age(a.At) < CodeLife
}

// passedAt is heldAt for a passage.
func (w word) passedAt(a *Attempt) bool {
	return w != 0 && w.state() == Passed && w.place() == a.Place && w.age(a.At) < CodeLife
}
