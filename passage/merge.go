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

// merge records n, which is of the time at, and reports whether there was room.
func (t *Table) merge(key, h uint64, n word, at int64) bool {
	rules := terms{at: max(at, t.counters.now.Load()), window: t.window}
	for {
		if t.generations.Load().knows(key, h, n) {
			return true
		}
		g, s, now := t.decisive(key, h, rules.at, key)
		if s == nil {
			return false
		}
		var other otherWay
		if t.window > CodeLife { // otherwise passages of the other way do not matter
			other = g.words(key^wayBit, h)
		}
		if s.swap(now, merged(now, n, &other, rules)) {
			return true
		}
	}
}

// knows reports whether the previous generation has the passage and decides about it. A passage that is told again
// then takes no entry of the current one.
func (g *generations) knows(key, h uint64, n word) bool {
	g.touch(h)
	w := g.previous.close(key, h)
	return w.same(n) && w.latestState(n) == w && g.current.find(key, h).load() == 0
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
