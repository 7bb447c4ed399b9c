package passage

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/railgate/railgate/tokens"
)

// Table is the passages of the last window in memory: for each serial and way the latest. All methods may be
// called concurrently. [Table.Attempt], [Table.Confirm] and [Table.Merge] take no lock and do not allocate.
//
// # At most one of concurrent attempts passes
//
// A passage is decided by one compare-and-swap on the word of its slot in the current generation: from the word
// that the attempt judged to its own. Slots of a generation are unique for a key ([generation.claim]), so of the
// attempts that use one generation as the current one, each that passes judged the word of the one before.
//
// Only [Table.Turn] changes generations: the current one becomes the previous one. Let T be the moment of a
// change from A to B. An attempt that loaded the generations before T can swap in A after T, when others already
// decide in B. Therefore the winner of a swap loads the generations again. If they are unchanged, its swap was
// before T, and every attempt that decides in B loaded the generations after T and then reads its word in A. If
// they changed, the win is provisional: the attempt competes again in B, where it ignores its own provisional
// word, which it recognizes by the slot. Of it and the attempts that decide in B, the swap in B decides, as
// above. If it loses, it restores the word in A. So exactly the swap in the generation that is current
// afterwards counts; it is the moment at which the attempt takes effect. A refusal takes effect when the
// refusing word is read. A refusal by a provisional word takes effect with its owner's passage, or with that of
// the attempt to which the owner lost: both overlap it. Its class and age are then those of the provisional word,
// which can also refuse, in these microseconds, what is a repetition of the passage that won.
// A repetition must not rely on a word that can lose, so it copies it to B first ([Table.settled]), where the copy
// decides like a swap of its owner; the owner finds it and has won.
//
// [Table.Confirm] of a hold competes in the same way: a hold in the previous generation passes by a swap in the
// current one. Of a late confirmation and an attempt that saw the hold expired, one wins.
//
// [Table.Merge] is no party to this: it reports passages that were decided elsewhere. Every attempt that begins
// after Merge returned is judged with the passage. If a provisional winner loses to a merged passage, an attempt that
// its provisional word refused stays refused, although the merged passage came later.
//
// # What it does not promise
//
// A slot stores one passage. A hold that an attempt with a short window placed over an earlier passage hides
// that passage from attempts with a longer window, also after the hold is released. Two holds of different
// gateways for one code show as the later one. If a provisional winner loses to a merged passage, another,
// older one that was merged into the old generation in the same microseconds can be lost.
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
	now := &g.current.blocks[at]
	before := now
	if len(g.previous.blocks) != 0 {
		before = &g.previous.blocks[at]
	}
	prefetch(now, before)
}

// words returns the words of a key in both generations.
func (g *generations) words(key, h uint64) [2]word {
	return [2]word{g.current.find(key, h).load(), g.previous.find(key, h).load()}
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
// for the first time; at each change the memory of one generation is garbage until the next collection.
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
	var p provisional
	for {
		g := t.generations.Load()
		g.touch(h)
		old := g.previous.find(key, h)
		before := p.of(old, mine)
		var s *slot
		if before == 0 {
			s = g.current.claim(key, h)
		} else {
			s = g.current.find(key, h)
		}
		now := s.load()
		if p.slot != nil && now == mine {
			// A repetition of this attempt copied the provisional win to the current generation.
			if t.generations.Load() == g {
				return Answer{Outcome: Admitted}
			}
			p = provisional{slot: s}
			continue
		}
		if before != 0 || now != 0 {
			k := known{own: [2]word{now, before}}
			answer, decides := t.judgeKnown(a, &k, g, h, f)
			if answer.Outcome == Repeated && decides != now && now != 0 {
				// A hold of the previous generation must not be copied over a passage that refuses.
				k.own[1] = 0
				if alone, w := t.judgeKnown(a, &k, g, h, f); alone.Outcome != Admitted {
					answer, decides = alone, w
				}
			}
			if answer.Outcome == Repeated && !t.settled(g, key, h, now, decides, old) {
				continue
			}
			if answer.Outcome != Admitted {
				p.undo(mine)
				return answer
			}
		}
		if s == nil {
			if s = g.current.claim(key, h); s == nil {
				p.undo(mine)
				t.counters.lose(a.At)
				return Answer{Outcome: Full}
			}
		}
		if !s.swap(now, mine) {
			continue
		}
		p.undo(mine)
		if t.generations.Load() == g {
			return Answer{Outcome: Admitted}
		}
		p = provisional{s, now}
	}
}

// settled reports whether a passage that makes an attempt a repetition can be relied on: whether it is in the
// current generation. A passage in the previous one can be provisional, so it is copied; then its owner wins. now is
// the judged word of the current generation, old the key's slot in the previous one.
func (t *Table) settled(g *generations, key, h uint64, now, decides word, old *slot) bool {
	if now != decides {
		s := g.current.claim(key, h)
		if s == nil {
			return true // without room no other attempt can pass
		}
		if !s.swap(now, decides) {
			return false
		}
		if old.load() != decides { // released, or the owner lost
			s.swap(decides, now)
			return false
		}
	}
	return t.generations.Load() == g
}

// provisional is a win in a generation that was not the current one any more.
type provisional struct {
	slot   *slot
	before word // of the slot
}

// of returns the word of a slot without the provisional win.
func (p *provisional) of(s *slot, mine word) word {
	w := s.load()
	if s != nil && s == p.slot && w == mine {
		return p.before
	}
	return w
}

// undo restores the slot. A word that another passage replaced meanwhile stays.
func (p *provisional) undo(mine word) {
	if p.slot != nil {
		p.slot.swap(mine, p.before)
		p.slot = nil
	}
}

// judgeKnown judges an attempt for whose way passages are known.
func (t *Table) judgeKnown(a *Attempt, k *known, g *generations, h uint64, f Forgiver) (Answer, word) {
	rules := terms{at: a.At, window: min(a.Window, t.window)}
	if rules.window > CodeLife { // otherwise passages of the other way do not matter
		k.other = g.words(keyOf(a.Serial, a.Way^1), h)
	}
	answer, decides := judge(k, rules, a.Step, a.Place)
	if f != nil && answer.Outcome != Admitted {
		if rules.floor = f.Forgiven(a.Serial); rules.floor != 0 {
			answer, decides = judge(k, rules, a.Step, a.Place)
		}
	}
	return answer, decides
}
