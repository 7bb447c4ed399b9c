package revocation

import (
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

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
	words int // in all tables
	most  int // sessions; 0: MaxClosedSessions
}

const (
	// sliceSpan is the time of session starts that one table holds, seconds. Short
	// slices keep a table small that has to grow, and memory is returned soon.
	sliceSpan = 600
	// MaxClosedSessions bounds the set, sessions: 300 a second for 31 hours, in about
	// 430 MB. Further ones are refused and keep the replica suspect, see partition.unfit.
	MaxClosedSessions = 1 << 25
	// minWords is the size of a slice's first table.
	minWords = 64
	// shownFor is how long after its start some code of a session can pass, seconds,
	// with room for clocks that differ: the last code has a previous-step period, too.
	shownFor = tokens.MaxPeriod*(tokens.MaxLength+tokens.PreviousSteps) + int64(MaxSkew/1e9)
)

// sliceTable covers consecutive slices of session starts; a nil entry holds no
// session. Slices may be any number apart, as the days of a Set may.
type sliceTable struct {
	first  int64 // start / sliceSpan
	slices []*closedSlice
}

// closedSlice is an open-addressed table with linear probing. It grows by being
// replaced.
type closedSlice struct {
	words atomic.Pointer[[]atomic.Uint64]
	count int // guarded by ClosedSessions.mu
}

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

// place is where a key's probing begins in a table of n words. Keys are dense
// numbers, so they are mixed; nothing in them is chosen by a phone.
func place(word uint64, n int) int {
	h := word >> 20 * 0x9E3779B97F4A7C15
	h ^= h >> 32
	at, _ := bits.Mul64(h*0xD6E8FEB86659FD93, uint64(n))
	return int(at)
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
	if uint64(i) >= uint64(len(t.slices)) || t.slices[i] == nil {
		return false
	}
	key, ok := closedWord(serial, start)
	if !ok {
		return false
	}
	words := *t.slices[i].words.Load()
	at := find(words, key)
	found := words[at].Load()
	return found != 0 && start+int64(found&maxOpen) <= by
}

// find is the place of a key, or the free one where it belongs. A table always has
// free words.
func find(words []atomic.Uint64, key uint64) int {
	for at := place(key, len(words)); ; at++ {
		if at == len(words) {
			at = 0
		}
		if w := words[at].Load(); w == 0 || w&^maxOpen == key {
			return at
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
	s := c.slice(number)
	words := *s.words.Load()
	at := find(words, word&^maxOpen)
	switch old := words[at].Load(); {
	case old == 0:
	case old <= word: // the same session, closed before
		return false, true
	default:
		words[at].Store(word)
		return true, true
	}
	if c.count >= c.limit() {
		return false, false
	}
	if 4*(s.count+1) > 3*len(words) {
		words = c.grow(s, words)
		at = find(words, word&^maxOpen)
	}
	words[at].Store(word)
	s.count++
	c.count++
	return true, true
}

// grow replaces a slice's table by one half as large again; c.mu is held.
func (c *ClosedSessions) grow(s *closedSlice, words []atomic.Uint64) []atomic.Uint64 {
	grown := make([]atomic.Uint64, len(words)+len(words)/2)
	for i := range words {
		if w := words[i].Load(); w != 0 {
			grown[find(grown, w&^maxOpen)].Store(w)
		}
	}
	c.words += len(grown) - len(words)
	s.words.Store(&grown)
	return grown
}

// slice finds or makes a slice; c.mu is held.
func (c *ClosedSessions) slice(number int64) *closedSlice {
	t := c.slices.Load()
	if i := number - t.first; i >= 0 && i < int64(len(t.slices)) && t.slices[i] != nil {
		return t.slices[i]
	}
	if len(t.slices) == 0 {
		t = &sliceTable{first: number, slices: make([]*closedSlice, 1)}
	}
	first, last := min(number, t.first), max(number, t.first+int64(len(t.slices))-1)
	grown := &sliceTable{first: first, slices: make([]*closedSlice, last-first+1)}
	copy(grown.slices[t.first-first:], t.slices)
	words := make([]atomic.Uint64, minWords)
	made := &closedSlice{}
	made.words.Store(&words)
	grown.slices[number-first] = made
	c.words += len(words)
	c.slices.Store(grown)
	return made
}

// Forget drops the slices of which no session can be shown any more at now, Unix
// seconds, and returns how many sessions went with them.
func (c *ClosedSessions) Forget(now int64) (dropped int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.slices.Load()
	n := 0
	for n < len(t.slices) && (t.first+int64(n)+1)*sliceSpan+shownFor <= now {
		if s := t.slices[n]; s != nil {
			dropped += s.count
			c.words -= len(*s.words.Load())
		}
		n++
	}
	for n > 0 && n < len(t.slices) && t.slices[n] == nil {
		n++
	}
	if n > 0 {
		c.slices.Store(&sliceTable{first: t.first + int64(n), slices: slices.Clone(t.slices[n:])})
		c.count -= dropped
	}
	return dropped
}

// Len is the number of sessions, and the memory of their tables in bytes.
func (c *ClosedSessions) Len() (sessions, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count, 8 * c.words
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
