package revocation

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"time"

	"github.com/railgate/railgate/tokens"
)

// ClosedSessions is the set of sessions that their holders closed, with the second of
// the closing. A session is named by its credential's serial and its start: the issuer
// opens no two sessions of one credential in one second. Closed takes no lock and may
// run beside everything else; the other methods may be called from several goroutines
// and wait for each other.
//
// Nothing is ever taken out but whole slices of time, so a table needs no tombstones,
// and a reader needs no more than the atomic words of one table.
type ClosedSessions struct {
	slices atomic.Pointer[sliceTable] // replaced whole

	mu    sync.Mutex // guards growth and the counts
	count int
	bytes int // of all tables
	most  int // sessions; 0: MaxClosedSessions
}

const (
	// sliceSpan is the time of session starts that one table holds, seconds. Short
	// slices keep a table small that has to grow, and memory is returned soon.
	sliceSpan = 600
	// MaxClosedSessions bounds the set, sessions: 300 a second for 31 hours, in about
	// 480 MB. Further ones are refused and keep the replica suspect, see partition.unfit.
	MaxClosedSessions = 1 << 25
	// minWords is the size of a slice's first table.
	minWords = 64
	// shownFor is how long after its start some code of a session can pass, seconds,
	// with room for clocks that differ: the last code has a previous-step period, too.
	shownFor = tokens.MaxSession + tokens.PreviousSteps*tokens.MaxPeriod + int64(MaxSkew/time.Second)
)

// sliceTable covers consecutive slices of session starts; a nil entry holds no
// session. Slices may be any number apart, as the days of a Set may.
type sliceTable struct {
	first  int64 // start / sliceSpan
	slices []atomic.Pointer[closedTable]
}

// closedTable is one slice, open-addressed with linear probing; it grows by being
// replaced. In front of the words lies a byte for each of them, in which every session
// sets two bits of one 64-bit word: of a session that is not there, which is nearly every
// one that is shown, they say so 97 times in 100, and no probing is needed.
type closedTable struct {
	hints []atomic.Uint64
	words []atomic.Uint64
	count int // guarded by ClosedSessions.mu
}

func newClosedTable(words int) *closedTable {
	return &closedTable{hints: make([]atomic.Uint64, (words+7)/8), words: make([]atomic.Uint64, words)}
}

// bytes is the memory of the words and their hints.
func (t *closedTable) bytes() int { return 8 * (len(t.words) + len(t.hints)) }

// A word is one closed session, 0 none. From the highest bit: 1, the serial's index
// (32), the start's second within the slice (10), whether the serial's day is the day
// before the start's (1), zeros (8), and the seconds from start to closing (12). All
// but the last is the key.
const (
	wordSet     = 1 << 63
	indexShift  = 31
	secondShift = 21
	dayBit      = 1 << 20
	// maxOpen is the longest time from start to closing that a word holds, seconds;
	// a longer one is cut, since no code of the session passes any more by then.
	maxOpen = 1<<12 - 1
)

// closedWord is the key of a session's word; ok is false for a start that no
// credential of the day can have.
func closedWord(serial tokens.Serial, start int64) (word uint64, ok bool) {
	days := tokens.DayOf(start) - int64(serial.Day)
	word = wordSet | uint64(serial.Index)<<indexShift | uint64(start%sliceSpan)<<secondShift
	if days == 1 {
		word |= dayBit
	}
	return word, start >= 0 && (days == 0 || days == 1)
}

// mix spreads sessions, whose names are dense numbers. Nothing in them is chosen by a phone.
func mix(serial tokens.Serial, start int64) uint64 {
	h := (uint64(serial.Index)<<32 | uint64(uint32(start))) ^ uint64(serial.Day)<<16
	h *= 0x9E3779B97F4A7C15
	return (h ^ h>>32) * 0xD6E8FEB86659FD93
}

// place maps a mixed name to one of n places.
func place(mixed uint64, n int) int {
	at, _ := bits.Mul64(mixed, uint64(n))
	return int(at)
}

// hint is the session's two bits, by other bits of the mixed name than its place.
func (t *closedTable) hint(mixed uint64) (word *atomic.Uint64, mask uint64) {
	at := place(mixed<<20, len(t.hints))
	return &t.hints[at], 1<<(mixed%64) | 1<<(mixed>>6%64)
}

// set writes a word of a mixed name. Readers look at the bits first.
func (t *closedTable) set(at int, mixed, word uint64) {
	t.words[at].Store(word)
	bits, mask := t.hint(mixed)
	bits.Or(mask)
}

// NewClosedSessions makes an empty set.
func NewClosedSessions() *ClosedSessions {
	c := &ClosedSessions{}
	c.slices.Store(&sliceTable{})
	return c
}

// Closed reports whether the session was closed at or before by, Unix seconds.
func (c *ClosedSessions) Closed(serial tokens.Serial, start, by int64) bool {
	t := c.slices.Load()
	i := start/sliceSpan - t.first
	if uint64(i) >= uint64(len(t.slices)) {
		return false
	}
	table := t.slices[i].Load()
	if table == nil {
		return false
	}
	mixed := mix(serial, start)
	if bits, mask := table.hint(mixed); bits.Load()&mask != mask {
		return false
	}
	return table.closed(serial, start, by, mixed)
}

// closed is Closed of a table whose bits for the session are set.
func (t *closedTable) closed(serial tokens.Serial, start, by int64, mixed uint64) bool {
	key, ok := closedWord(serial, start)
	if !ok {
		return false
	}
	_, found := t.find(key, mixed)
	return found != 0 && start+int64(found&maxOpen) <= by
}

// find is the place of a key with its word, or the free one where it belongs. A table
// always has free words.
func (t *closedTable) find(key, mixed uint64) (at int, word uint64) {
	for at = place(mixed, len(t.words)); ; at++ {
		if at == len(t.words) {
			at = 0
		}
		if word = t.words[at].Load(); word == 0 || word&^maxOpen == key {
			return at, word
		}
	}
}

// Add puts a session in, closed at the given second, and reports whether that changed
// anything: of two closings the earlier counts. fits is false if the set is full.
func (c *ClosedSessions) Add(serial tokens.Serial, start, closed int64) (changed, fits bool) {
	word, ok := closedWord(serial, start)
	if !ok {
		return false, true // no code is of this session
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.put(start/sliceSpan, word|uint64(min(max(closed-start, 0), maxOpen)))
}

// put is Add for a word; c.mu is held.
func (c *ClosedSessions) put(number int64, word uint64) (changed, fits bool) {
	slice, key := c.slice(number), word&^maxOpen
	table, mixed := slice.Load(), mixWord(number, word)
	at, old := table.find(key, mixed)
	switch {
	case old == 0:
	case old <= word: // the same session, closed before
		return false, true
	default:
		table.words[at].Store(word)
		return true, true
	}
	if c.count >= c.limit() {
		return false, false
	}
	if 4*(table.count+1) > 3*len(table.words) {
		table = c.grow(number, table)
		slice.Store(table)
		at, _ = table.find(key, mixed)
	}
	table.set(at, mixed, word)
	table.count++
	c.count++
	return true, true
}

// mixWord is mix for a word of a slice.
func mixWord(number int64, word uint64) uint64 {
	s := sessionOf(number, word)
	return mix(s.Serial, s.Start)
}

// grow makes a slice's table one half as large again; c.mu is held.
func (c *ClosedSessions) grow(number int64, table *closedTable) *closedTable {
	grown := newClosedTable(len(table.words) + len(table.words)/2)
	grown.count = table.count
	for i := range table.words {
		if w := table.words[i].Load(); w != 0 {
			mixed := mixWord(number, w)
			at, _ := grown.find(w&^maxOpen, mixed)
			grown.set(at, mixed, w)
		}
	}
	c.bytes += grown.bytes() - table.bytes()
	return grown
}

// slice finds or makes a slice; c.mu is held.
func (c *ClosedSessions) slice(number int64) *atomic.Pointer[closedTable] {
	t := c.slices.Load()
	if i := number - t.first; i < 0 || i >= int64(len(t.slices)) {
		first, last := number, number
		if len(t.slices) > 0 {
			first, last = min(number, t.first), max(number, t.first+int64(len(t.slices))-1)
		}
		t = t.spread(first, last)
		c.slices.Store(t)
	}
	slice := &t.slices[number-t.first]
	if slice.Load() == nil {
		table := newClosedTable(minWords)
		c.bytes += table.bytes()
		slice.Store(table)
	}
	return slice
}

// spread is a copy that covers the slices from first to last and no others.
func (t *sliceTable) spread(first, last int64) *sliceTable {
	s := &sliceTable{first: first, slices: make([]atomic.Pointer[closedTable], last-first+1)}
	for i := range s.slices {
		if at := first + int64(i) - t.first; at >= 0 && at < int64(len(t.slices)) {
			s.slices[i].Store(t.slices[at].Load())
		}
	}
	return s
}

// Forget drops the slices of which no session can be shown any more at now, Unix
// seconds, and returns how many sessions went with them.
func (c *ClosedSessions) Forget(now int64) (dropped int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.slices.Load()
	n := 0
	for n < len(t.slices) && (t.first+int64(n)+1)*sliceSpan+shownFor <= now {
		if table := t.slices[n].Load(); table != nil {
			dropped += table.count
			c.bytes -= table.bytes()
		}
		n++
	}
	for n > 0 && n < len(t.slices) && t.slices[n].Load() == nil {
		n++
	}
	if n > 0 {
		c.slices.Store(t.spread(t.first+int64(n), t.first+int64(len(t.slices))-1))
		c.count -= dropped
	}
	return dropped
}

// Len is the number of sessions, and the memory of their tables in bytes.
func (c *ClosedSessions) Len() (sessions, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count, c.bytes
}

// roomy reports whether a set that was full has room for some while again.
func (c *ClosedSessions) roomy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count <= c.limit()-c.limit()/16
}

func (c *ClosedSessions) limit() int {
	if c.most == 0 {
		return MaxClosedSessions
	}
	return c.most
}
