//go:build !purego

package memory

import "unsafe"

// Prefetch begins to load the cache line at p and the one after it, and does not wait for them. p need not point to
// two lines of memory.
//
//go:noescape
func Prefetch(p unsafe.Pointer)
