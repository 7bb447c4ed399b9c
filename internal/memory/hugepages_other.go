//go:build !linux

package memory

// HugePages does nothing on this platform.
func HugePages[T any]([]T) {}
