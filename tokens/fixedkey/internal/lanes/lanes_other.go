//go:build !amd64 || purego

package lanes

// Supported reports whether there is a kernel for this processor.
func Supported() bool { return false }

func run(out *Words, rows *uint64, rounds, join int) { panic("BUG: no eight-lane kernel here") }

func compress(state, block *Words) { panic("BUG: no eight-lane kernel here") }

func multiply(first, second, product *Words) { panic("BUG: no eight-lane kernel here") }

func compare(x, y, encoding, differ *Words) { panic("BUG: no eight-lane kernel here") }

func split(out, scalar, plan *uint64, table uint64, windows int) {
	panic("BUG: no eight-lane kernel here")
}

func splitLanes(rows, scalars, plan, tables *uint64, windows int) {
	panic("BUG: no eight-lane kernel here")
}

func touch(rows *uint64, n int) { panic("BUG: no eight-lane kernel here") }
