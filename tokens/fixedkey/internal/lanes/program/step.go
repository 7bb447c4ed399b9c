// Package program defines the eight-lane kernels as lists of steps on registers of eight
// 64-bit words. The lists are the common source of the assembly, which command gen
// generates, of a proof by command bounds that no word overflows, and of an execution
// in plain Go ([Machine]) that tests compare with the assembly.
//
// A field element modulo p = 2^255-19 is stored in five registers: its limbs, least
// significant first, of slightly more than 51 bits each. Each lane contains one of eight
// elements. Comments state the bounds of limbs; command bounds proves them.
package program

// Reg is the number of a register. A program has any number of registers; command gen
// maps them to the registers of the processor.
type Reg int

// Op is the operation of a step. It works on each lane separately unless stated
// otherwise.
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
	Left             // D = A << N, without the bits that do not fit
	Xor              // D = A ^ B
	Or               // D = A | B
	Times            // D = A * B, its low 64 bits
	Low              // D += bits 0 to 51 of A * B, with the low 52 bits of A and B
	High             // D += bits 52 to 103 of the same product
	Pick             // D = B in the lanes of the mask, A in the others
	Even             // D = A0 B0 A2 B2 A4 B4 A6 B6
	Odd              // D = A1 B1 A3 B3 A5 B5 A7 B7
	Blocks           // D = two pairs of lanes of A, then two of B; N selects each with two bits
	Choose           // D = for each lane one of A0..A7 B0..B7; M contains its index
	Claim            // no operation: A is below Limit; bounds proves it
	opCount
)

var opNames = [opCount]string{"load", "store", "clear", "add", "sub", "and", "shift", "left", "xor", "or", "times", "low", "high", "pick", "even", "odd", "blocks", "choose", "claim"}

func (o Op) String() string { return opNames[o] }

// Step is one instruction. Op determines which fields are used.
type Step struct {
	Op      Op
	D, A, B Reg
	N       int
	M       Cell
	Mask    Mask
	Limit   uint64
}

// Area is a memory area.
type Area uint8

// The areas, and the meaning of a cell's index in each.
const (
	Sum     Area = iota // the sum: 5 limbs each of X, Y, Z, T
	Entry               // the entries to load next: half an entry per cell, index 2*lane + half
	Addend              // the loaded entries: 5 limbs each of y-x, y+x, 2dxy
	Scratch             // values that do not fit into registers
	Const               // Constants
	Order               // Orders of the current level of Join
	First               // First to Fourth: parameters of Multiply and Compare, see Finish
	Second
	Third
	Fourth
)

// Cell is eight words in memory.
type Cell struct {
	Area  Area
	Index int
}

// Mask selects lanes.
type Mask uint8

// The masks.
const (
	Upper Mask = iota // lanes 4 to 7
	Signs             // lanes whose entry, of the entries loaded last, is negated
)

// ScratchCells is the size of area Scratch.
const ScratchCells = 15
