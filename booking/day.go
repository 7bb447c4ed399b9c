package booking

import (
	"encoding/binary"
	"math/bits"
	"sync/atomic"

	"github.com/railgate/railgate/tokens"
)

// entry is the newest record of one ticket under one subject. Entries are immutable once a slot refers to them:
// a change writes a new entry and replaces the slot. Entries contain no pointer, so the collector skips them.
type entry struct {
	subject  tokens.Subject
	ticket   uint64
	version  uint64 // Unix ms, or cancelled
	departs  uint32 // Unix seconds
	arrives  uint32
	train    uint32 // numbers of names
	coach    uint32
	seat     uint32
	from, to uint16
}

// The version of a record orders the records of one ticket under one subject: the greatest version counts. That of a
// booking is its time, Unix ms. A cancellation is final: ticketing systems never use a reference again, so a booking
// that arrives after it is an older one, read again or from another partition. A cancellation therefore wins without
// a comparison of clocks.
const cancelled = 1<<64 - 1

// chunkSize is the number of entries in a chunk: 12 KiB, a size class of the allocator. A day of few bookings uses
// one chunk.
const chunkSize = 256

type chunk [chunkSize]entry

// index finds the entries of a day by subject: open addressing with linear probing, a slot for each ticket. It is
// never full and grows by being replaced, so readers need no lock. The slots of one subject follow each other's probe
// path, and a free slot ends it.
type index struct {
	slots  []atomic.Uint64 // a fingerprint of the subject (32), number of the entry + 1 (32); 0: free
	chunks []atomic.Pointer[chunk]
}

// minSlots is the size of a day's first index.
const minSlots = 64

// newIndex returns an index for slots; its chunks have room for as many entries.
func newIndex(slots int) *index {
	return &index{slots: make([]atomic.Uint64, slots), chunks: make([]atomic.Pointer[chunk], (slots+chunkSize-1)/chunkSize)}
}

func (x *index) bytes() int { return 8 * (len(x.slots) + len(x.chunks)) }

// mix hashes a subject. Subjects are keyed hashes already, which no passenger chooses.
func mix(s tokens.Subject) uint64 {
	h := binary.LittleEndian.Uint64(s[:]) * 0x9E3779B97F4A7C15
	return (h ^ h>>32) * 0xD6E8FEB86659FD93
}

// home returns the first slot of the probe path of a hashed subject.
func (x *index) home(mixed uint64) int {
	at, _ := bits.Mul64(mixed, uint64(len(x.slots)))
	return int(at)
}

// entry returns the entry that a slot refers to.
func (x *index) entry(slot uint64) *entry {
	n := uint32(slot) - 1
	return &x.chunks[n/chunkSize].Load()[n%chunkSize]
}

// matches reports whether a slot may refer to an entry of the hashed subject.
func matches(slot, mixed uint64) bool { return uint32(slot>>32) == uint32(mixed) }

// What a day lost. A lossy day accepts no further tickets, only changes of those it has. A ticket that is held is then
// still certain: had its cancellation come first and been lost, the ticket would not have been accepted.
const (
	whole      = iota // nothing
	lossy             // a record, because there was no room
	unreadable        // a record that may be a cancellation
)

// day contains the bookings under the pseudonyms of one railway day.
type day struct {
	index atomic.Pointer[index] // replaced whole
	lost  atomic.Uint32         // whole, lossy or unreadable; it only grows

	// guarded by Table.mu
	tickets   int // slots in use
	cancelled int // of them cancelled
	entries   int // entries in use, replaced ones included
	bytes     int
}

func newDay() *day {
	d := &day{}
	x := newIndex(minSlots)
	d.bytes = x.bytes()
	d.index.Store(x)
	return d
}

// find returns the slot of a ticket under a subject and its entry, or the free slot where it belongs and nil.
func (d *day) find(subject tokens.Subject, ticket uint64) (at int, found *entry) {
	x, mixed := d.index.Load(), mix(subject)
	for at = x.home(mixed); ; at++ {
		if at == len(x.slots) {
			at = 0
		}
		slot := x.slots[at].Load()
		if slot == 0 {
			return at, nil
		}
		if matches(slot, mixed) {
			if e := x.entry(slot); e.subject == subject && e.ticket == ticket {
				return at, e
			}
		}
	}
}

// lose notes what the day lost.
func (d *day) lose(what uint32) { d.lost.Store(max(d.lost.Load(), what)) }

// put stores an entry at the slot that find returned for it. Readers see the old entry of the ticket or the new one.
func (d *day) put(at int, e *entry) {
	x := d.index.Load()
	isNew := x.slots[at].Load() == 0
	if isNew && 4*(d.tickets+1) > 3*len(x.slots) || d.entries == len(x.chunks)*chunkSize {
		x = d.rebuild()
		at, _ = d.find(e.subject, e.ticket)
	}
	if isNew {
		d.tickets++
	}
	d.store(x, at, e)
}

// store writes an entry behind the last one and then makes the slot refer to it.
func (d *day) store(x *index, at int, e *entry) {
	c := &x.chunks[d.entries/chunkSize]
	if c.Load() == nil {
		c.Store(new(chunk))
		d.bytes += chunkBytes
	}
	c.Load()[d.entries%chunkSize] = *e
	d.entries++
	x.slots[at].Store(mix(e.subject)<<32 | uint64(d.entries))
}

const chunkBytes = chunkSize * 48

// rebuild replaces the index by one in which at most half of the slots are in use, and returns it. If a quarter of
// the entries were replaced by newer ones, it copies the others into new chunks; else the chunks are kept.
func (d *day) rebuild() *index {
	old := d.index.Load()
	x := newIndex(max(minSlots, 2*d.tickets, len(old.slots)))
	compact := 4*(d.entries-d.tickets) >= d.entries
	d.bytes += x.bytes() - old.bytes()
	if compact {
		d.bytes -= (d.entries + chunkSize - 1) / chunkSize * chunkBytes
		d.entries = 0
	} else {
		for i := range old.chunks {
			x.chunks[i].Store(old.chunks[i].Load())
		}
	}
	for i := range old.slots {
		slot := old.slots[i].Load()
		if slot == 0 {
			continue
		}
		e := old.entry(slot)
		at := x.home(mix(e.subject))
		for x.slots[at].Load() != 0 {
			if at++; at == len(x.slots) {
				at = 0
			}
		}
		if compact {
			d.store(x, at, e)
		} else {
			x.slots[at].Store(slot)
		}
	}
	d.index.Store(x)
	return x
}
