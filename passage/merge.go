package passage

// Merge records a passage that was decided elsewhere, or made offline. Passages can be told in any order and any
// number of times. Passages that are older than the window do not matter and are not stored; those dated more than
// two hours ahead of the last [Table.Turn] are not stored either. Both are counted.
//
// If there is no room, the passage is lost, and [Table.LostUntil] says until when that matters.
func (t *Table) Merge(p *Passage) {
	if now := t.counters.now.Load(); now != 0 && (p.At <= now-t.window-slack || p.At > now+maxAhead) {
		t.counters.untimely.Add(1)
		return
	}
	t.counters.merged.Add(1)
	n := wordOf(p.At, PlaceOf(p.Station, p.Device), p.Step, p.State)
	if !t.merge(keyOf(p.Serial, p.Way), hashOf(p.Serial), n, p.At) {
		t.counters.lose(p.At)
	}
}

// merge records n, which is of the time at, and reports whether there was room. It repeats if the generations
// changed meanwhile, so that a passage is not told to a generation that is dropped at once.
func (t *Table) merge(key, h uint64, n word, at int64) bool {
	rules := terms{at: max(at, t.counters.now.Load()), window: t.window}
	for {
		g := t.generations.Load()
		g.touch(h)
		s := g.previous.find(key, h)
		if w := s.load(); w.same(n) {
			// The previous generation has the passage, and is dropped when the passage is older than the window. A
			// different, later passage there would not be enough: it can be provisional.
			if !s.swap(w, w.latestState(n)) {
				continue
			}
		} else if s = g.current.claim(key, h); s == nil {
			return false
		} else {
			var k known
			if t.window > CodeLife { // otherwise passages of the other way do not matter
				k.other = g.words(key^wayBit, h)
			}
			now := s.load()
			if !s.swap(now, merged(now, n, &k, rules)) {
				continue
			}
		}
		if t.generations.Load() == g {
			return true
		}
	}
}

// Turn changes the generations if the current one is as old as the window. Call it once before anything else and
// then about every second; now is Unix ms. If the clock was set back, the current generation begins again: nothing
// is dropped early.
func (t *Table) Turn(now int64) {
	t.turning.Lock()
	defer t.turning.Unlock()
	t.counters.now.Store(now)
	switch {
	case t.start == 0 || now < t.start:
		t.start = now
	case now >= t.start+t.window+slack:
		t.change()
		t.start = now
	}
}

// change makes an empty generation the current one; t.turning is held.
func (t *Table) change() {
	g := t.generations.Load()
	t.generations.Store(&generations{current: newGeneration(t.blocks), previous: g.current})
	t.counters.turns.Add(1)
}
