// Package lanes adds points of the Ed25519 curve in eight lanes of a processor with
// AVX-512 IFMA: it adds eight table entries at a time, each to the sum of its own lane.
//
// Package program describes the steps of the kernel. Command gen generates the assembly
// from them, and command bounds proves that no step loses a bit. If [Supported] returns
// false, no other function may be called. Running time and memory accesses depend on
// the inputs, so inputs must not be secret.
package lanes

import (
	"unsafe"

	"github.com/cloudflare/circl/math/fp25519"

	"github.com/railgate/railgate/tokens/fixedkey/internal/lanes/layout"
)

// Count is the number of lanes.
const Count = 8

// Words contains one 64-bit word per lane.
type Words = [Count]uint64

// Entry is a table entry: the reduced limbs of y-x, y+x and 2dxy, in the order in which
// the kernel loads them. It fills two cache lines.
type Entry [16]uint64

// EntrySize is the size of an entry in bytes. A table begins at a multiple of EntryAlign.
const (
	EntrySize  = 128
	EntryAlign = 64
)

// places contains the indexes of the limbs of y-x, y+x and 2dxy in an entry.
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

// Table allocates n entries at an aligned address.
func Table(n int) []Entry {
	const slack = EntryAlign / 8
	room := make([]uint64, n*len(Entry{})+slack)
	at := 0
	for uintptr(unsafe.Pointer(&room[at]))%EntryAlign != 0 {
		at++
	}
	return unsafe.Slice((*Entry)(unsafe.Pointer(&room[at])), n)
}

// Address returns the address of an entry for a row. The caller sets bit 0 to negate the
// entry, and must keep the entry reachable as long as the row is used.
func Address(e *Entry) uint64 { return uint64(uintptr(unsafe.Pointer(e))) }

// Sums contains the sums of all lanes: five limbs each of X, Y and Z. A limb is below
// Uncarried of package program.
type Sums [layout.T]Words

// Ahead is the number of additional rows that must follow the rows to add. The kernel
// only prefetches their addresses, so they may have any content.
const Ahead = layout.Ahead

// Add adds count rows of eight addresses, at least one, separately per lane.
func (s *Sums) Add(rows []uint64, count int) { s.run(rows, count, 0) }

// AddAll adds count rows of eight addresses, at least one, and then all lanes. Read the
// result with [Sums.All].
func (s *Sums) AddAll(rows []uint64, count int) { s.run(rows, count, 1) }

func (s *Sums) run(rows []uint64, count, join int) {
	_ = rows[(count+Ahead)*Count-1]
	run(&s[0], &rows[0], count, join)
}

// Touch prefetches the entries of addresses, at least one.
func Touch(addresses []uint64) { touch(&addresses[0], len(addresses)) }

// All returns the coordinates of the sum of [Sums.AddAll]: the point is X/Z, Y/Z. After
// joining, two coordinates share a vector: X is in the lower half of its vector, Y and Z
// are in the upper halves.
func (s *Sums) All(x, y, z *fp25519.Elt) {
	const lower, upper = 0, Count / 2
	*x, *y, *z = s.X().Lane(lower), s.Y().Lane(upper), s.Z().Lane(upper)
}
