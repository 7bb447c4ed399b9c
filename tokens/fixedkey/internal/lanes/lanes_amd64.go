//go:build !purego

package lanes

import "golang.org/x/sys/cpu"

//go:generate go run -C gen . -out ../kernel_amd64.s

// Supported reports whether this processor has the extensions that the kernel needs:
// AVX-512 F, DQ, IFMA and VBMI2.
func Supported() bool {
	return cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512IFMA && cpu.X86.HasAVX512VBMI2
}

// run adds rounds rows per lane and, if join is 1, all lanes into lane 0.
//
//go:noescape
func run(out *Words, rows *uint64, rounds, join int)

// compress is the compression function of SHA-512 for one block per lane.
//
//go:noescape
func compress(state, block *Words)

// multiply implements [Element.Times].
//
//go:noescape
func multiply(first, second, product *Words)

// compare implements [Encodings.Of]. differ becomes 0 in the lanes that are equal.
//
//go:noescape
func compare(x, y, encoding, differ *Words)

// split implements [Split.Addresses].
//
//go:noescape
func split(out, scalar, plan *uint64, table uint64, windows int)

// splitLanes implements [Split.Rows].
//
//go:noescape
func splitLanes(rows, scalars, plan, tables *uint64, windows int)

// touch prefetches n entries.
//
//go:noescape
func touch(rows *uint64, n int)
