package booking

import (
	"encoding/binary"
	"math/bits"
	"sync/atomic"

	"github.com/railgate/railgate/internal/memory"
	"github.com/railgate/railgate/tokens"
)

// slot is one ticket under one subject. Both words are 0 in a free slot. subject is written once, after value; value
// changes with the ticket. A reader that found the subject therefore needs one load to see the whole ticket before or
// after a change.
type slot struct {
	subject atomic.Uint64
	value   atomic.Uint64
}

// The value of a slot, from the highest bit: whether the ticket is cancelled, whether a later slot of the probe path
// has the same subject, 4 zeros, and the numbers of trip (28), coach (12) and seat (18).
const (
	cancelledBit = 1 << 63
	moreBit      = 1 << 62
	tripShift    = 30
	coachShift   = 18

	maxTrips   = 1 << 28
	maxCoaches = 1 << 12
	maxSeats   = 1 << 18
)

func tripOf(value uint64) uint64  { return value >> tripShift % maxTrips }
func coachOf(value uint64) uint64 { return value >> coachShift % maxCoaches }
func seatOf(value uint64) uint64  { return value % maxSeats }

// index finds the tickets of a day by subject: open addressing with linear probing from the start of a cache line. It
// is never full and grows by being replaced, so readers need no lock and a free slot ends every probe path. A slot has
// 16 bytes and everything that almost every answer needs except the trip, of which there are few: at half a million
// tickets the cost of a lookup is that of one access to memory.
type index struct {
	slots    []slot
	tickets  []uint64 // of each slot; written once before the subject
	versions []int64  // of each slot, Unix ms; only the writer reads and writes them
}

const (
	perLine  = 4  // slots in a cache line
	minSlots = 64 // of a day's first index
	// slotBytes is the memory of a slot with ticket and version.
	slotBytes = 32
)

// newIndex returns an index of at least n slots.
func newIndex(n int) *index {
	n = (max(n, minSlots) + perLine - 1) / perLine * perLine
	x := &index{slots: make([]slot, n), tickets: make([]uint64, n), versions: make([]int64, n)}
	memory.HugePages(x.slots)
	return x
}

// keyOf returns a subject as a word; it is not 0 for a subject that [Booking.Check] accepts.
func keyOf(s tokens.Subject) uint64 { return binary.LittleEndian.Uint64(s[:]) }

// home returns the first slot of the probe path of a key. Keys are parts of keyed hashes, which no passenger chooses;
// the multiplication is for tests and for issuers with other pseudonyms.
func (x *index) home(key uint64) int {
	key *= 0x9E3779B97F4A7C15
	line, _ := bits.Mul64(key^key>>32, uint64(len(x.slots)/perLine))
	return int(line) * perLine
}

// next returns the slot after at on every probe path.
func (x *index) next(at int) int {
	if at++; at == len(x.slots) {
		return 0
	}
	return at
}

// insert stores a ticket in the free slot that ends the probe path of its key.
func (x *index) insert(key, ticket, value uint64, version int64) {
	at, last := x.home(key), -1
	for ; ; at = x.next(at) {
		k := x.slots[at].subject.Load()
		if k == 0 {
			break
		}
		if k == key {
			last = at
		}
	}
	x.tickets[at], x.versions[at] = ticket, version
	x.slots[at].value.Store(value &^ moreBit)
	x.slots[at].subject.Store(key)
	if last >= 0 {
		x.slots[last].value.Or(moreBit)
	}
}

// find returns the slot of a ticket under a subject, or -1.
func (x *index) find(key, ticket uint64) int {
	for at := x.home(key); ; at = x.next(at) {
		switch k := x.slots[at].subject.Load(); {
		case k == 0:
			return -1
		case k == key && x.tickets[at] == ticket:
			return at
		}
	}
}

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
	trips trips
	lost  atomic.Uint32 // whole, lossy or unreadable; it only grows

	// guarded by Table.mu
	tickets   int // slots in use
	cancelled int // of them cancelled
}

func newDay() *day {
	d := &day{}
	d.trips.init()
	d.index.Store(newIndex(minSlots))
	return d
}

// lose notes what the day lost.
func (d *day) lose(what uint32) { d.lost.Store(max(d.lost.Load(), what)) }

// add stores a ticket that the day does not have. At three quarters the index is replaced by one that is half full.
func (d *day) add(key, ticket, value uint64, version int64) {
	x := d.index.Load()
	if 4*(d.tickets+1) > 3*len(x.slots) {
		grown := newIndex(2 * (d.tickets + 1))
		for i := range x.slots {
			if k := x.slots[i].subject.Load(); k != 0 {
				grown.insert(k, x.tickets[i], x.slots[i].value.Load(), x.versions[i])
			}
		}
		d.index.Store(grown)
		x = grown
	}
	x.insert(key, ticket, value, version)
	d.tickets++
}

// replace stores another value of the ticket in a slot.
func (d *day) replace(at int, value uint64, version int64) {
	x := d.index.Load()
	x.versions[at] = version
	x.slots[at].value.Store(value | x.slots[at].value.Load()&moreBit)
}

// bytes returns about the memory of the day.
func (d *day) bytes() int {
	return slotBytes*len(d.index.Load().slots) + tripBytes*len(d.trips.numbers)
}
