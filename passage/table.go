package passage

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/railgate/railgate/internal/memory"
	"github.com/railgate/railgate/tokens"
)

// Table is the passages of the last window in memory: for each serial and way the latest. All methods may be
// called concurrently. [Table.Attempt], [Table.Confirm] and [Table.Merge] take no lock and do not allocate.
//
// # At most one of concurrent attempts passes
//
// One word decides about a key at any time. In a generation a key has one slot ([generation.search]), and a passage
// is decided by one compare-and-swap on the word of the slot: from the word that the attempt judged to its own. So
// each attempt that passes judged the word of the one before.
//
// Only [Table.Turn] changes generations: the current one becomes the previous one. An attempt that loaded the
// generations before a change can reach its swap afterwards, when others already decide in the new one. Therefore
// every call first closes the key in the previous generation ([generation.close]): afterwards no swap succeeds there,
// and an attempt that meets a closed word loads the generations again. The closed word is final, and moves to the
// slot of the current generation ([Table.decisive]) before anything is decided there.
//
// [Table.Confirm] and [Table.Merge] swap on the same word, so the table behaves as if all calls about a key were
// made one after another, whatever happens to the generations. An attempt that is delayed over two changes can pass
// in a generation that was dropped. Its passage is then older than the window.
//
// # What it does not promise
//
// A slot stores one passage. A hold that an attempt with a short window placed over an earlier passage hides
// that passage from attempts with a longer window, also after the hold is released. Two holds of different
// gateways for one code show as the later one. Passages of both ways of a serial are two keys: an entry and an exit
// at the same moment are not ordered.
type Table struct {
	// Immutable.
	blocks int
	window int64 // ms

	generations atomic.Pointer[generations]
	counters    counters

	turning sync.Mutex // guards start
	start   int64      // of the current generation, Unix ms; 0: Turn was not called yet
}

// generations is replaced whole. Both have the same number of blocks.
type generations struct {
	current  generation
	previous generation // empty before the first change
}

// touch begins to load the first block of a hash in both generations: the searches then wait for memory once.
func (g *generations) touch(h uint64) {
	at := g.current.home(h)
	memory.Prefetch(unsafe.Pointer(&g.current.blocks[at]))
	if len(g.previous.blocks) != 0 {
		memory.Prefetch(unsafe.Pointer(&g.previous.blocks[at]))
	}
}

// words returns the words of a key in both generations.
func (g *generations) words(key, h uint64) otherWay {
	return otherWay{g.current.find(key, h).load() &^ closedBit, g.previous.find(key, h).load() &^ closedBit}
}

const (
	// slack is added to the span of a generation, ms: passages may be dated ahead by clocks that differ.
	slack = 10_000
	// MaxEntries bounds the size of a table: 2.4 GB.
	MaxEntries = 1 << 27
)

// NewTable returns an empty table. window is the longest window of any attempt, between [CodeLife] and
// [MaxWindow]. entries is the number of passages that it stores for certain: those of two windows, half of them
// in each of two generations. It takes 19.2 bytes for each of them, the second half when the generations change
// for the first time; at each change the memory of one generation is garbage until the next collection. A code of
// the previous generation that is read again takes an entry of the current one, too.
func NewTable(entries int, window time.Duration) (*Table, error) {
	w := window.Milliseconds()
	switch {
	case entries < 2 || entries > MaxEntries:
		return nil, fmt.Errorf("passage: a table of %d entries, want 2 to %d", entries, MaxEntries)
	case w < CodeLife || w > MaxWindow:
		return nil, fmt.Errorf("passage: a window of %v, want %v to %v", window,
			CodeLife*time.Millisecond, MaxWindow*time.Millisecond)
	}
	t := &Table{blocks: blocksFor((entries + 1) / 2), window: w}
	t.generations.Store(&generations{current: newGeneration(t.blocks)})
	return t, nil
}

// Attempt is one scan that would pass.
type Attempt struct {
	Serial tokens.Serial
	Step   uint8
	Way    Way
	At     int64 // Unix ms
	Place  Place
	Hold   bool  // the gate reports the turn of the barrier: see Confirm
	Window int64 // ms, at most the table's
}

// Outcome is the answer to an attempt.
type Outcome uint8

// The outcomes.
const (
	Admitted      Outcome = iota // recorded as passage or hold
	Repeated                     // the same place read the same code again: admitted, not recorded again
	Used                         // a passage refuses it
	UsedElsewhere                // the same code passed at another station sooner than its holder can have moved
	Full                         // no passage refuses it, and there is no room to record it
)

// Answer is an outcome and the age of the passage that decided it, ms; 0 for [Admitted] and [Full].
type Answer struct {
	Outcome Outcome
	AgeMS   int64
}

// Forgiver says up to which time, Unix ms, passages of a serial do not count; 0: all count. It is asked only if
// a passage would refuse an attempt or make it a repetition. It must not block.
type Forgiver interface{ Forgiven(tokens.Serial) int64 }

// Prefetch begins to load what an [Table.Attempt] with the serial needs from memory, and returns at once. A gate calls it
// before it verifies the code, so that the attempt finds its data in the processor's cache. It decides nothing.
func (t *Table) Prefetch(s tokens.Serial) { t.generations.Load().touch(hashOf(s)) }

// Attempt decides about a scan and records it if it is admitted. f may be nil.
func (t *Table) Attempt(a *Attempt, f Forgiver) Answer {
	key, h := keyOf(a.Serial, a.Way), hashOf(a.Serial)
	mine := wordOf(a.At, a.Place, a.Step, Passed)
	if a.Hold {
		mine = mine.in(Held)
	}
	for {
		g, s, now := t.decisive(key, h, a.At, key)
		if now != 0 {
			if answer := t.judgeKnown(a, now, g, h, f); answer.Outcome != Admitted {
				return answer
			}
		}
		if s == nil {
			t.counters.lose(a.At)
			return Answer{Outcome: Full}
		}
		if s.swap(now, mine) {
			return Answer{Outcome: Admitted}
		}
	}
}

// decisive returns the slot that decides about a key, and its word. mark is the key, or 0: then a key without a
// passage gets no slot. Without room the slot is nil, and the word is that of the previous generation. at is the
// time of the call, Unix ms.
func (t *Table) decisive(key, h uint64, at int64, mark uint64) (*generations, *slot, word) {
	for {
		g := t.generations.Load()
		g.touch(h)
		before := g.previous.close(key, h)
		if before != 0 {
			if before.age(at) < t.window {
				mark = key
			} else {
				before = 0 // too old to matter, and a word that moves on and on would outlive the range of its time
			}
		}
		s := g.current.search(key, h, mark)
		switch {
		case s == nil:
			return g, nil, before
		case before != 0 && s.swap(0, before):
			return g, s, before
		}
		if w := s.load(); !w.closed() {
			return g, s, w
		}
		// The generations changed meanwhile.
	}
}

// judgeKnown judges an attempt whose serial has the word in its way.
func (t *Table) judgeKnown(a *Attempt, w word, g *generations, h uint64, f Forgiver) Answer {
	rules := terms{at: a.At, window: min(a.Window, t.window)}
	var other otherWay
	if rules.window > CodeLife { // otherwise passages of the other way do not matter
		other = g.words(keyOf(a.Serial, a.Way^1), h)
	}
	answer := judge(w, &other, rules, a.Step, a.Place)
	if f != nil && answer.Outcome != Admitted {
		if rules.floor = f.Forgiven(a.Serial); rules.floor != 0 {
			answer = judge(w, &other, rules, a.Step, a.Place)
		}
	}
	return answer
}
