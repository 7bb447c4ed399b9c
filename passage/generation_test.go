package passage

import (
	"testing"
	"time"

	"github.com/railgate/railgate/tokens"
)

// meanwhile is a Forgiver that does something between the judgement of an attempt and its swap, once.
type meanwhile struct {
	floor int64
	do    func()
}

func (m *meanwhile) Forgiven(tokens.Serial) int64 {
	if do := m.do; do != nil {
		m.do = nil
		do()
	}
	return m.floor
}

// An attempt that swaps in a generation that is not the current one any more competes again.
func TestAttemptAcrossGenerations(t *testing.T) {
	const floor = start
	serial := serialOf(1)
	a := Attempt{Serial: serial, At: start + 1000, Place: gateA, Window: CodeLife}
	b := Attempt{Serial: serial, At: start + 1000, Place: gateB, Window: CodeLife}
	hold := b
	hold.Hold = true
	for _, c := range []struct {
		name string
		do   func(t *testing.T, table *Table)
		want Outcome
		left Outcome // of a third attempt
	}{
		{"change", func(_ *testing.T, table *Table) { table.ChangeGenerations() }, Admitted, Used},
		{"other wins, change", func(t *testing.T, table *Table) { mustPass(t, table, &b); table.ChangeGenerations() }, Used, Used},
		{"change, other wins", func(t *testing.T, table *Table) { table.ChangeGenerations(); mustPass(t, table, &b) }, Used, Used},
		{"change, other wins, change", func(t *testing.T, table *Table) {
			table.ChangeGenerations()
			mustPass(t, table, &b)
			table.ChangeGenerations()
		}, Used, Used},
		{"change, other is refused", func(t *testing.T, table *Table) {
			table.ChangeGenerations()
			if got := table.Attempt(&Attempt{Serial: serial, Step: 1, At: start + 500, Place: gateB, Window: CodeLife}, nil); got.Outcome != Used {
				t.Errorf("%+v", got)
			}
		}, Admitted, Used},
		{"change, other holds", func(t *testing.T, table *Table) { table.ChangeGenerations(); mustPass(t, table, &hold) }, Used,
			Admitted}, // the hold expired, and the loser left nothing
		{"change, other is released", func(t *testing.T, table *Table) {
			table.ChangeGenerations()
			mustPass(t, table, &hold)
			if !table.Confirm(&hold, false) {
				t.Error("the hold is not known")
			}
		}, Admitted, Used},
		{"change, merge", func(t *testing.T, table *Table) {
			table.ChangeGenerations()
			table.Merge(&Passage{Serial: serial, At: start + 900, Station: "北京南", Device: "gate-b"})
		}, Used, Used},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := newTable(t, 100, CodeLife)
			table.Turn(start)
			first := Attempt{Serial: serial, At: start, Place: elsewhere, Window: CodeLife}
			mustPass(t, table, &first)
			got := table.Attempt(&a, &meanwhile{floor, func() { c.do(t, table) }})
			if got.Outcome != c.want {
				t.Errorf("%+v, want %d", got, c.want)
			}
			third := Attempt{Serial: serial, At: start + 20_000, Place: elsewhere, Step: 1, Window: CodeLife}
			if got := table.Attempt(&third, &meanwhile{floor: floor}); got.Outcome != c.left {
				t.Errorf("afterwards %+v, want %d", got, c.left)
			}
		})
	}
}

// A call that loaded the generations before a change, and finds its key closed, loads them again.
func TestClosedKeyIsLookedUpAgain(t *testing.T) {
	serial, unknown := serialOf(1), serialOf(2)
	first := Attempt{Serial: serial, At: start, Place: gateA, Hold: true, Window: CodeLife}
	for _, c := range []struct {
		name string
		call func(table *Table) bool
	}{
		{"attempt", func(table *Table) bool {
			return table.Attempt(&Attempt{Serial: serial, At: start + 2*HoldFor, Place: gateB, Window: CodeLife}, nil).Outcome == Used
		}},
		{"attempt of an unknown key", func(table *Table) bool {
			return table.Attempt(&Attempt{Serial: unknown, At: start, Place: gateB, Window: CodeLife}, nil).Outcome == Used
		}},
		{"confirm", func(table *Table) bool { return !table.Confirm(&first, false) }},
		{"merge", func(table *Table) bool {
			table.Merge(&Passage{Serial: serial, At: start - 1, Station: "北京南", Device: "gate-b"})
			return true
		}},
	} {
		table := newTable(t, 100, CodeLife)
		table.Turn(start)
		mustPass(t, table, &first)
		before := table.generations.Load()
		table.ChangeGenerations()
		after := table.generations.Load()
		// Others decide in the new generation.
		if !table.Confirm(&first, true) {
			t.Fatal("the hold is not known")
		}
		mustPass(t, table, &Attempt{Serial: unknown, At: start, Place: gateA, Window: CodeLife})
		table.generations.Store(before)
		done := make(chan bool)
		go func() { done <- c.call(table) }()
		time.Sleep(2 * time.Millisecond)
		table.generations.Store(after)
		if !<-done {
			t.Errorf("%s: decided in the closed generation", c.name)
		}
		third := Attempt{Serial: serial, At: start + 2*HoldFor, Place: elsewhere, Step: 1, Window: CodeLife}
		if got := table.Attempt(&third, nil); got != (Answer{Used, 2 * HoldFor}) {
			t.Errorf("%s: afterwards %+v", c.name, got)
		}
	}
}

// onceForgiven is a meanwhile whose second answer is that nothing is forgiven.
type onceForgiven struct{ meanwhile }

func (o *onceForgiven) Forgiven(s tokens.Serial) int64 {
	if o.do == nil {
		return 0
	}
	return o.meanwhile.Forgiven(s)
}

// A confirmation of a hold in the previous generation, and an attempt for which the hold does not count: one of them
// changes the word, and the other judges it again.
func TestConfirmAgainstAttempt(t *testing.T) {
	table := newTable(t, 100, CodeLife)
	table.Turn(start)
	a := Attempt{Serial: serialOf(1), At: start, Place: gateA, Hold: true, Window: CodeLife}
	b := Attempt{Serial: serialOf(1), At: start + 1000, Place: gateB, Window: CodeLife}
	mustPass(t, table, &a)
	table.ChangeGenerations()
	confirmed := false
	f := &onceForgiven{meanwhile{start, func() { confirmed = table.Confirm(&a, true) }}}
	if got := table.Attempt(&b, f); got.Outcome != Used || !confirmed {
		t.Errorf("confirmed %v, attempt %+v", confirmed, got)
	}
}

// Concurrent claims of the same and of different keys: each key has one slot.
func TestClaim(t *testing.T) {
	for round := range uint64(2000) {
		g := newGeneration(5)
		slots := make([][16]*slot, 4)
		atOnce(len(slots), func(caller int) {
			for i := range slots[caller] {
				// Two callers share their keys; the others claim the same slots for other keys.
				key := 2 + uint64(i) + uint64(caller/2)<<32
				slots[caller][i] = g.claim(key, round*0x9E3779B97F4A7C15)
			}
		}, func() {})
		for caller := range slots {
			for i, s := range slots[caller] {
				if key := 2 + uint64(i) + uint64(caller/2)<<32; s == nil || s.key.Load() != key || s != slots[caller^1][i] {
					t.Fatalf("round %d: callers %d and %d have different slots of key %d", round, caller, caller^1, i)
				}
			}
		}
		if n := g.entries(); n != 32 {
			t.Fatalf("round %d: %d entries", round, n)
		}
	}
}

// A closed generation decides nothing any more: neither about its keys nor about keys that it does not have.
func TestClose(t *testing.T) {
	g := newGeneration(5)
	const h = 0x9E3779B97F4A7C15
	key := func(i int) uint64 { return keyOf(serialOf(i), In) }
	w := wordOf(start, gateA, 3, Held)
	if s := g.claim(key(1), h); !s.swap(0, w) {
		t.Fatal("a new word is closed")
	}
	for range 2 {
		if got := g.close(key(1), h); got != w {
			t.Errorf("closed word %x, want %x", got, w)
		}
		if g.claim(key(1), h).swap(w, w.in(Passed)) || g.find(key(1), h).load() != w|closedBit {
			t.Error("a closed word changed")
		}
		for i := range 3 {
			if got := g.close(key(2), h); got != 0 {
				t.Errorf("word %x of a key that was never claimed", got)
			}
			if s := g.claim(key(2+i), h); s != &shut || s.swap(0, w) {
				t.Errorf("key %d was claimed after the search for it was closed", 2+i)
			}
		}
	}
	if n := g.entries(); n != 1 {
		t.Errorf("%d entries", n)
	}
	if (&generation{}).close(key(1), h) != 0 {
		t.Error("an empty generation has a word")
	}
}

// A key that is asked about again and again does not keep a passage beyond the range of its time.
func TestOldPassageIsNotMovedOn(t *testing.T) {
	const hour = 3600 * second
	for hours := int64(24); hours < 130; hours += 3 {
		table := newTable(t, 100, MaxWindow)
		a := Attempt{Serial: serialOf(1), At: start, Place: gateA, Window: MaxWindow}
		table.Turn(start)
		mustPass(t, table, &a)
		for now := a.At; now <= start+hours*hour; now += 5 * 60 * second {
			table.Turn(now)
			a.At = now
			table.Confirm(&a, false)
		}
		if got := table.Attempt(&a, nil); got.Outcome != Admitted {
			t.Errorf("after %d hours: %+v", hours, got)
		}
	}
}

// mustPass attempts in spite of the passage that the test forgives.
func mustPass(t *testing.T, table *Table, a *Attempt) {
	t.Helper()
	if got := table.Attempt(a, &meanwhile{floor: start}); got.Outcome != Admitted {
		t.Fatalf("%+v", got)
	}
}
