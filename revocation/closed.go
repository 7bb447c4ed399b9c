package revocation

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"time"

	"github.com/railgate/railgate/tokens"
)

// ClosedSessions is the set of sessions that were closed by their holders, each with the second in which it
// was closed. A session is named by its credential's serial and its start: the issuer opens no two sessions
// of one credential in the same second. [ClosedSessions.Closed] takes no lock and may run concurrently with
// all other methods. The other methods may be called from several goroutines and take a lock.
//
// Sessions are removed only in whole slices of time. Tables therefore need no tombstones, and a reader needs
// only the atomic words of one table.
type ClosedSessions struct {
	slices atomic.Pointer[sliceTable] // replaced whole

	mu    sync.Mutex // guards growth and the counts
	count int
	bytes int // of all tables
	most  int // sessions; 0: MaxClosedSessions
}

const (
	// sliceSpan is the range of session starts that one table covers, seconds. Short slices keep growing
	// tables small and release memory soon.
	sliceSpan = 600
	// MaxClosedSessions bounds the set, sessions: 300 per second for 31 hours, in about 480 MB. Further
	// sessions are refused and keep the replica suspect; see partition.noRoomFrom.
	MaxClosedSessions = 1 << 25
	// minWords is the size of a slice's first table.
	minWords = 64
	// shownFor is how long after its start any code of a session can pass, seconds, with a margin for clock
	// skew. The last code is also accepted for one previous step.
	shownFor = tokens.MaxSession + tokens.PreviousSteps*tokens.MaxPeriod + int64(MaxSkew/time.Second)
)

// sliceTable covers consecutive slices of session starts; a nil entry contains no session. Slices may be any
// distance apart, like the days of a [Set].
type sliceTable struct {
	first  int64 // start / sliceSpan
	slices []atomic.Pointer[closedTable]
}

// closedTable is one slice, open-addressed with linear probing. It grows by being replaced. In addition to the
// words it has one hint byte per word: every session sets two bits of one 64-bit hint word. Nearly every session
// that is checked is not in the table, and for 97 of 100 of those the hint bits are enough, without probing.
type closedTable struct {
	hints []atomic.Uint64
	words []atomic.Uint64
	count int // guarded by ClosedSessions.mu
}

func newClosedTable(words int) *closedTable {
	return &closedTable{hints: make([]atomic.Uint64, (words+7)/8), words: make([]atomic.Uint64, words)}
}

// bytes returns the memory of words and hints.
func (t *closedTable) bytes() int { return 8 * (len(t.words) + len(t.hints)) }

// A word is one closed session; 0 is a free word. From the highest bit: 1, the serial's index (32), the
// second of the start within the slice (10), whether the serial's day is the day before the start's day (1),
// zeros (8), and the seconds from start to closing (12). All fields except the last are the key.
const (
	wordSet     = 1 << 63
	indexShift  = 31
	secondShift = 21
	dayBit      = 1 << 20
	// maxOpen is the longest time from start to closing that a word can store, seconds. Longer times are
	// stored as maxOpen: by then no code of the session passes any more.
	maxOpen = 1<<12 - 1
)

// closedWord returns the key of a session's word; ok is false for a start that no credential of the day can
// have.
func closedWord(serial tokens.Serial, start int64) (word uint64, ok bool) {
	days := tokens.DayOf(start) - int64(serial.Day)
	word = wordSet | uint64(serial.Index)<<indexShift | uint64(start%sliceSpan)<<secondShift
	if days == 1 {
		word |= dayBit
	}
	return word, start >= 0 && (days == 0 || days == 1)
}

// mix hashes a session's name. Names are dense numbers, and none of their parts is chosen by a phone.
func mix(serial tokens.Serial, start int64) uint64 {
	h := (uint64(serial.Index)<<32 | uint64(uint32(start))) ^ uint64(serial.Day)<<16
	h *= 0x9E3779B97F4A7C15
	return (h ^ h>>32) * 0xD6E8FEB86659FD93
}

// slotOf maps a hashed name to one of n slots.
func slotOf(mixed uint64, n int) int {
	at, _ := bits.Mul64(mixed, uint64(n))
	return int(at)
}

// hint returns the session's two bits. It uses other bits of the hashed name than slotOf.
func (t *closedTable) hint(mixed uint64) (word *atomic.Uint64, mask uint64) {
	at := slotOf(mixed<<20, len(t.hints))
	return &t.hints[at], 1<<(mixed%64) | 1<<(mixed>>6%64)
}

// set stores a word. Readers look at the hint bits first, so the word is stored before them.
func (t *closedTable) set(at int, mixed, word uint64) {
	t.words[at].Store(word)
	bits, mask := t.hint(mixed)
	bits.Or(mask)
}

// NewClosedSessions returns an empty set.
func NewClosedSessions() *ClosedSessions {
	c := &ClosedSessions{}
	c.slices.Store(&sliceTable{})
	return c
}

// Closed reports whether the session was closed at or before the second by, Unix seconds.
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

// closed is [ClosedSessions.Closed] for a table in which the session's hint bits are set.
func (t *closedTable) closed(serial tokens.Serial, start, by int64, mixed uint64) bool {
	key, ok := closedWord(serial, start)
	if !ok {
		return false
	}
	_, found := t.findWord(key, mixed)
	return found != 0 && start+int64(found&maxOpen) <= by
}

// findWord returns the slot of a key and its word, or the free slot where the key belongs. A table always has
// free words.
func (t *closedTable) findWord(key, mixed uint64) (at int, word uint64) {
	for at = slotOf(mixed, len(t.words)); ; at++ {
		if at == len(t.words) {
			at = 0
		}
		if word = t.words[at].Load(); word == 0 || word&^maxOpen == key {
			return at, word
		}
	}
}

// Add adds a session that was closed in the given second and reports whether the set changed: of two closings
// the earlier counts. fits is false if the set is full.
func (c *ClosedSessions) Add(serial tokens.Serial, start, closed int64) (changed, fits bool) {
	word, ok := closedWord(serial, start)
	if !ok {
		return false, true // no code has such a session
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.putWord(start/sliceSpan, word|uint64(min(max(closed-start, 0), maxOpen)))
}

// putWord is Add for a word; c.mu is held.
func (c *ClosedSessions) putWord(number int64, word uint64) (changed, fits bool) {
	slice, key := c.slice(number), word&^maxOpen
	table, mixed := slice.Load(), mixWord(number, word)
	at, old := table.findWord(key, mixed)
	switch {
	case old == 0:
	case old <= word: // the same session, closed earlier or at the same time
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
		at, _ = table.findWord(key, mixed)
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

// grow returns a table that is half as large again; c.mu is held.
func (c *ClosedSessions) grow(number int64, table *closedTable) *closedTable {
	grown := newClosedTable(len(table.words) + len(table.words)/2)
	grown.count = table.count
	for i := range table.words {
		if w := table.words[i].Load(); w != 0 {
			mixed := mixWord(number, w)
			at, _ := grown.findWord(w&^maxOpen, mixed)
			grown.set(at, mixed, w)
		}
	}
	c.bytes += grown.bytes() - table.bytes()
	return grown
}

// slice returns a slice and creates it if it does not exist; c.mu is held.
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

// spread returns a copy that covers exactly the slices from first to last.
func (t *sliceTable) spread(first, last int64) *sliceTable {
	s := &sliceTable{first: first, slices: make([]atomic.Pointer[closedTable], last-first+1)}
	for i := range s.slices {
		if at := first + int64(i) - t.first; at >= 0 && at < int64(len(t.slices)) {
			s.slices[i].Store(t.slices[at].Load())
		}
	}
	return s
}

// Forget drops the slices in which no session can be shown any more at now, Unix seconds, and returns how
// many sessions were dropped.
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

// Len returns the number of sessions and the memory of their tables in bytes.
func (c *ClosedSessions) Len() (sessions, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count, c.bytes
}

// hasRoom reports whether a sixteenth of the set is free, after it was full.
func (c *ClosedSessions) hasRoom() bool {
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
