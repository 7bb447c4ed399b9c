//go:build !purego

package lanes

import "golang.org/x/sys/cpu"

//go:generate go run -C gen . -out ../kernel_amd64.s

// Supported reports whether this processor has what the kernel needs: AVX-512 F,
// DQ, IFMA and VBMI2.
func Supported() bool {
	return cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512IFMA && cpu.X86.HasAVX512VBMI2
}

// run is Add for rounds rows, and with join 1 the sum of all lanes in lane 0.
//
//go:noescape
func run(out *Words, rows *uint64, rounds, join int)

// compress is SHA-512 of one block a lane.
//
//go:noescape
func compress(state, block *Words)

// multiply is Element.Times.
//
//go:noescape
func multiply(first, second, product *Words)

// compare is Element.encode.
//
//go:noescape
func compare(x, y, encoding, differ *Words)

// split is Split.Addresses.
//
//go:noescape
func split(out, scalar, plan *uint64, table uint64, windows int)

// splitLanes is Split.Rows.
//
//go:noescape
func splitLanes(rows, scalars, plan, tables *uint64, windows int)

// touch asks for n entries.
//
//go:noescape
func touch(rows *uint64, n int)
