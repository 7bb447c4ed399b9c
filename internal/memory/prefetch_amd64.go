//go:build !purego

package memory

import "unsafe"

// Prefetch begins to load the cache line at p and does not wait for it. Processors load the other line of a pair of
// 128 bytes by themselves.
//
//go:noescape
func Prefetch(p unsafe.Pointer)
