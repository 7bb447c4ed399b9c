// Package lanes adds up points of the Ed25519 curve in eight lanes of a processor
// with AVX-512 IFMA: table entries of eight different places at a time, each added
// to the sum of its own lane.
//
// What the kernel does is said in package program, from which package gen writes
// it and about which package bounds proves that no bit is lost. Where Supported is
// false nothing here may be called. Time and memory access depend on the inputs:
// nothing here may see a secret.
package lanes

import (
	"unsafe"

	"github.com/cloudflare/circl/math/fp25519"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes/layout"
)

// Count is the number of lanes.
const Count = 8

// Words are one number of 64 bits for each lane.
type Words = [Count]uint64

// Entry is a table's point: the limbs of y-x, y+x and 2dxy, all reduced, in the
// order that the kernel fetches them in. It fills two cache lines.
type Entry [16]uint64

// EntrySize in bytes; a table must begin at a multiple of EntryAlign.
const (
	EntrySize  = 128
	EntryAlign = 64
)

// places are those of the limbs of y-x, y+x and 2dxy in an entry.
var places = func() (p [layout.AddendCells]int) {
	for cell := range p {
		p[cell] = layout.EntryWord(cell)
	}
	return p
}()

// Set sets the entry from reduced field elements: y-x, y+x, 2dxy.
func (e *Entry) Set(minus, plus, product *fp25519.Elt) {
	for i := range 5 {
		e[places[layout.Minus+i]] = limbs(minus)[i]
		e[places[layout.Plus+i]] = limbs(plus)[i]
		e[places[layout.Product+i]] = limbs(product)[i]
	}
}

// Table allots n entries at an aligned address.
func Table(n int) []Entry {
	const slack = EntryAlign / 8
	room := make([]uint64, n*len(Entry{})+slack)
	at := 0
	for uintptr(unsafe.Pointer(&room[at]))%EntryAlign != 0 {
		at++
	}
	return unsafe.Slice((*Entry)(unsafe.Pointer(&room[at])), n)
}

// Address is what a row says of an entry, which must stay in use as long as the
// row: its place, and 1 more if it is to be negated.
func Address(e *Entry) uint64 { return uint64(uintptr(unsafe.Pointer(e))) }

// Sums are the sums of all lanes: five limbs each of X, Y and Z. A limb is below
// Uncarried of package program.
type Sums [layout.T]Words

// Ahead is how many rows there must be behind those that are added. They are only
// asked for, in vain, and may have anything in them.
const Ahead = layout.Ahead

// Add adds up so many rows of eight addresses, one at least, each lane for itself.
func (s *Sums) Add(rows []uint64, count int) { s.run(rows, count, 0) }

// AddAll adds up so many rows of eight addresses, one at least, all in all. Only All
// reads what it leaves.
func (s *Sums) AddAll(rows []uint64, count int) { s.run(rows, count, 1) }

func (s *Sums) run(rows []uint64, count, join int) {
	_ = rows[(count+Ahead)*Count-1]
	run(&s[0], &rows[0], count, join)
}

// Touch asks for the entries of addresses, one at least, before they are added.
func Touch(addresses []uint64) { touch(&addresses[0], len(addresses)) }

// All gives the coordinates of the sum of AddAll: the point is X/Z, Y/Z. When lanes
// are joined, two coordinates share a vector: X is in the lower half of its, Y and Z
// are in the upper.
func (s *Sums) All(x, y, z *fp25519.Elt) {
	const lower, upper = 0, Count / 2
	*x, *y, *z = s.X().Lane(lower), s.Y().Lane(upper), s.Z().Lane(upper)
}
