// Package memory speeds up random accesses to tables that are larger than the processor's caches. Nothing depends on
// its effect.
package memory

import "unsafe"

// hugePage is the size of a huge page.
const hugePage = 2 << 20

// bytesOf returns the memory of a slice.
func bytesOf[T any](s []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), uintptr(len(s))*unsafe.Sizeof(*new(T)))
}
