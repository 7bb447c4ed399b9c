// Package program says what the eight-lane kernels do: lists of steps on registers
// of eight 64-bit words. The lists are the one source of three things: the
// assembly that runs (written by the generator beside this package), a proof that
// no word overflows, and a run in plain Go that the assembly is compared with.
//
// A field element modulo p = 2^255-19 stands in five registers, of 51 bits each
// and a little more: its limbs, least significant first. Eight elements lie side
// by side, one in each lane. What a limb may grow to is said with each piece, and
// held by package bounds.
package program

// Reg is a register. Every register of a program has its own number: which of the
// processor's it becomes is for the generator to say.
type Reg int

// Op is what a step does, in each lane by itself unless it says otherwise.
type Op uint8

// The operations.
const (
	Load   Op = iota // D = M
	Store            // M = A
	Clear            // D = 0
	Add              // D = A + B
	Sub              // D = A - B
	And              // D = A & B
	Shift            // D = A >> N
	Left             // D = A << N, and what does not fit is lost
	Xor              // D = A ^ B
	Or               // D = A | B
	Times            // D = A * B, its low 64 bits
	Low              // D += bits 0 to 51 of A * B, where of A and B only 52 bits count
	High             // D += bits 52 to 103 of the same
	Pick             // D = A, and B in the lanes of the mask
	Even             // D = A0 B0 A2 B2 A4 B4 A6 B6
	Odd              // D = A1 B1 A3 B3 A5 B5 A7 B7
	Blocks           // D = two pairs of lanes of A, two of B: which, says N, two bits each
	Choose           // D = for each lane the one of A0..A7 B0..B7 whose number M has there
	Claim            // nothing: A is below Limit, and bounds proves it
	opCount
)

var opNames = [opCount]string{"load", "store", "clear", "add", "sub", "and", "shift", "left", "xor", "or", "times", "low", "high", "pick", "even", "odd", "blocks", "choose", "claim"}

func (o Op) String() string { return opNames[o] }

// Step is one instruction. Which fields count is for Op to say.
type Step struct {
	Op      Op
	D, A, B Reg
	N       int
	M       Cell
	Mask    Mask
	Limit   uint64
}

// Area is a place in memory.
type Area uint8

// The areas, and what a cell's index means in each.
const (
	Sum     Area = iota // the point that is added to: 5 limbs each of X, Y, Z, T
	Entry               // the entries to be added next: 8 words each, two for a lane: 2*lane + half
	Addend              // the entries that are added: 5 limbs each of y-x, y+x, 2dxy
	Scratch             // what does not find room in registers
	Const               // Constants
	Order               // of the present level of Join, see Orders
	First               // what Multiply and Compare are given, see there
	Second
	Third
	Fourth
)

// Cell is eight words in memory.
type Cell struct {
	Area  Area
	Index int
}

// Mask chooses lanes.
type Mask uint8

// The masks.
const (
	Upper Mask = iota // lanes 4 to 7
	Signs             // those whose entry, of the entries fetched last, is negated
)

// ScratchCells is the size of area Scratch.
const ScratchCells = 15
