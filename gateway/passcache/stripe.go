package passcache

import "unsafe"

// mine is the stripe of this goroutine: each has a stack of its own, of 2 KiB
// at least, so the address of a local variable tells them apart. That keeps a
// stripe's cache line with the core that runs the goroutine; choosing by the
// pass would send every line to every core. Two goroutines may share a stripe
// and one may change it when its stack moves: the counters are atomic. The
// address is not used as one.
func (c *counts) mine() *stripe {
	var local byte
	stack := uint64(uintptr(unsafe.Pointer(&local))) >> 11
	return &c[stack*0x9e3779b97f4a7c15>>(64-stripeBits)]
}
