package revocation

import (
	"encoding/binary"
	"iter"
	"math/bits"

	"github.com/railgate/railgate/tokens"
)

// copy returns the set's pages as bytes, for a snapshot.
func (s *Set) copy() (days []snapshotDay) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.days.Load()
	for i, d := range t.days {
		if d == nil {
			continue
		}
		day := snapshotDay{number: t.first + uint16(i), pages: map[uint16]*[pageBits / 8]byte{}}
		pages := *d.pages.Load()
		for number := range pages {
			if p := pages[number].Load(); p != nil {
				day.pages[uint16(number)] = p.bytes()
			}
		}
		days = append(days, day)
	}
	return days
}

func (p *page) bytes() *[pageBits / 8]byte {
	b := new([pageBits / 8]byte)
	for i := range p {
		binary.LittleEndian.PutUint64(b[8*i:], p[i].Load())
	}
	return b
}

// load adds a snapshot's pages to the set.
func (s *Set) load(days []snapshotDay) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range days {
		day := s.day(d.number)
		for number, b := range d.pages {
			s.word(day, uint32(number)*pageBits) // creates the page if it does not exist
			p := (*day.pages.Load())[number].Load()
			for i := range p {
				new := binary.LittleEndian.Uint64(b[8*i:])
				added := bits.OnesCount64(new &^ p[i].Or(new))
				day.count += added
				s.count += added
			}
		}
	}
}

// All yields every serial, by day and index. It takes no lock: concurrent changes may be included or not.
func (s *Set) All() iter.Seq[tokens.Serial] {
	return func(yield func(tokens.Serial) bool) {
		t := s.days.Load()
		for d, day := range t.days {
			if day == nil {
				continue
			}
			pages := *day.pages.Load()
			for number := range pages {
				p := pages[number].Load()
				if p != nil && !p.each(func(bit uint32) bool {
					return yield(tokens.Serial{Day: t.first + uint16(d), Index: uint32(number)*pageBits + bit})
				}) {
					return
				}
			}
		}
	}
}

func (p *page) each(yield func(bit uint32) bool) bool {
	for i := range p {
		for w := p[i].Load(); w != 0; w &= w - 1 {
			if !yield(uint32(i*64 + bits.TrailingZeros64(w))) {
				return false
			}
		}
	}
	return true
}
