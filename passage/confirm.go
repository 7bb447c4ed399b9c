package passage

// Confirm turns the hold of a's place for a's serial and way into a passage, or releases it. It reports whether
// the hold counted until now. If it did not, because it was confirmed before, or expired and another attempt
// passed, or a passage of another gateway replaced it, a barrier that turned is recorded nevertheless, at a.At.
//
// The time of the hold stays that of the scan. a may be the attempt that was admitted or a repetition of it.
func (t *Table) Confirm(a *Attempt, passed bool) bool {
	key, h := keyOf(a.Serial, a.Way), hashOf(a.Serial)
	for {
		_, s, now := t.decisive(key, h, a.At, 0)
		switch {
		case now.heldAt(a):
			state := Released
			if passed {
				state = Passed
			}
			if s == nil { // without room no other attempt can pass either
				if passed {
					t.counters.lose(a.At)
				}
				return true
			}
			if s.swap(now, now.in(state)) {
				return true
			}
		case !passed || now.passedAt(a): // replaced, expired or confirmed before
			return false
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
