//go:build !amd64 || purego

package lanes

// Supported returns false: there is no kernel for this platform.
func Supported() bool { return false }

func run(out *Words, rows *uint64, rounds, join int) {
	panic("BUG: no eight-lane kernel for this platform")
}

func compress(state, block *Words) { panic("BUG: no eight-lane kernel for this platform") }

func multiply(first, second, product *Words) { panic("BUG: no eight-lane kernel for this platform") }

func compare(x, y, encoding, differ *Words) { panic("BUG: no eight-lane kernel for this platform") }

func split(out, scalar, plan *uint64, table uint64, windows int) {
	panic("BUG: no eight-lane kernel for this platform")
}

func splitLanes(rows, scalars, plan, tables *uint64, windows int) {
	panic("BUG: no eight-lane kernel for this platform")
}

func touch(rows *uint64, n int) { panic("BUG: no eight-lane kernel for this platform") }
