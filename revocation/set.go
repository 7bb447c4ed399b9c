package revocation

import (
	"sync"
	"sync/atomic"

	"github.com/railgate/railgate/tokens"
)

// pageBits is the number of serials in a page, one bit each: 8 KiB.
const pageBits = 1 << 16

// Set is a set of serials: one bit per issued serial, grouped by railway day. [Set.Has] takes no lock and may
// run concurrently with all other methods. The other methods may be called from several goroutines and take a
// lock.
type Set struct {
	days atomic.Pointer[dayTable] // replaced whole

	mu    sync.Mutex // guards growth and the counts
	count int
	pages int
}

// dayTable covers consecutive days; a nil entry contains no serial. Days may be any distance apart, so that a
// revocation fits whatever the clocks did: one pointer for each of all 65,536 days is 512 KiB.
type dayTable struct {
	first uint16
	days  []*dayBits
}

// dayBits grows by replacing the slice; pages are never moved.
type dayBits struct {
	pages     atomic.Pointer[[]atomic.Pointer[page]]
	count     int // serials, guarded by Set.mu
	pagesUsed int // pages in use, guarded by Set.mu
}

type page [pageBits / 64]atomic.Uint64

// NewSet returns an empty set.
func NewSet() *Set {
	s := &Set{}
	s.days.Store(&dayTable{})
	return s
}

// Has reports whether the serial is in the set.
func (s *Set) Has(serial tokens.Serial) bool {
	t := s.days.Load()
	d := int(serial.Day) - int(t.first)
	if d < 0 || d >= len(t.days) || t.days[d] == nil {
		return false
	}
	pages := *t.days[d].pages.Load()
	p := int(serial.Index / pageBits)
	if p >= len(pages) {
		return false
	}
	bits := pages[p].Load()
	if bits == nil {
		return false
	}
	i := serial.Index % pageBits
	return bits[i/64].Load()>>(i%64)&1 != 0
}

// Add adds the serial and reports whether the set changed.
func (s *Set) Add(serial tokens.Serial) (changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	day := s.day(serial.Day)
	word, mask := s.word(day, serial.Index)
	if word.Or(mask)&mask != 0 {
		return false
	}
	s.count++
	day.count++
	return true
}

// Remove removes the serial and reports whether the set changed.
func (s *Set) Remove(serial tokens.Serial) (changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.Has(serial) {
		return false
	}
	day := s.day(serial.Day)
	word, mask := s.word(day, serial.Index)
	word.And(^mask)
	s.count--
	day.count--
	return true
}

// day returns a day's bits and creates them if they do not exist; s.mu is held.
func (s *Set) day(number uint16) *dayBits {
	t := s.days.Load()
	if d := int(number) - int(t.first); d >= 0 && d < len(t.days) && t.days[d] != nil {
		return t.days[d]
	}
	if len(t.days) == 0 {
		t = &dayTable{first: number, days: make([]*dayBits, 1)}
	}
	first, last := min(number, t.first), max(int(number), int(t.first)+len(t.days)-1)
	grown := &dayTable{first: first, days: make([]*dayBits, last-int(first)+1)}
	copy(grown.days[t.first-first:], t.days)
	day := &dayBits{}
	day.pages.Store(&[]atomic.Pointer[page]{})
	grown.days[number-first] = day
	s.days.Store(grown)
	return day
}

// word returns the word and the bit of an index and creates the page if it does not exist; s.mu is held.
func (s *Set) word(day *dayBits, index uint32) (*atomic.Uint64, uint64) {
	pages := *day.pages.Load()
	p := int(index / pageBits)
	if p >= len(pages) {
		grown := make([]atomic.Pointer[page], p+1)
		for i := range pages {
			grown[i].Store(pages[i].Load())
		}
		day.pages.Store(&grown)
		pages = grown
	}
	if pages[p].Load() == nil {
		pages[p].Store(new(page))
		s.pages++
		day.pagesUsed++
	}
	i := index % pageBits
	return &pages[p].Load()[i/64], 1 << (i % 64)
}

// Forget drops the days on which every credential has expired at now (Unix seconds) and returns how many
// serials were dropped. The parser refuses those credentials anyway, see [tokens.DayOver].
func (s *Set) Forget(now int64) (dropped int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.days.Load()
	n := 0
	for n < len(t.days) && now >= tokens.DayOver(t.first+uint16(n)) {
		if d := t.days[n]; d != nil {
			dropped += d.count
			s.pages -= d.pagesUsed
		}
		n++
	}
	if n > 0 {
		s.days.Store(&dayTable{first: t.first + uint16(n), days: t.days[n:]})
		s.count -= dropped
	}
	return dropped
}

// Len returns the number of serials and the memory of their pages in bytes.
func (s *Set) Len() (serials, bytes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count, s.pages * pageBits / 8
}
