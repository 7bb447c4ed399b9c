//go:build !amd64 || purego

package memory

import "unsafe"

// Prefetch does nothing on this platform.
func Prefetch(unsafe.Pointer) {}
