//go:build !amd64 || purego

package booking

// prefetch does nothing on this platform.
func prefetch(*slot) {}
