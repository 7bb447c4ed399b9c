package passcache

import "unsafe"

// mine returns the stripe of the calling goroutine. Each goroutine has a stack of its
// own, of at least 2 KiB, so the address of a local variable distinguishes them. This
// keeps a stripe's cache line on the core that runs the goroutine; choosing by the pass
// would move every line between all cores. Two goroutines may share a stripe, and the
// stripe of a goroutine changes when its stack moves: the counters are atomic. The
// address is never dereferenced.
func (c *counts) mine() *stripe {
	var local byte
	stack := uint64(uintptr(unsafe.Pointer(&local))) >> 11
	return &c[stack*0x9e3779b97f4a7c15>>(64-stripeBits)]
}
