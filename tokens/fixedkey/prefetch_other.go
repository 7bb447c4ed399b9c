//go:build !amd64 || purego

package fixedkey

// prefetch does nothing on this platform.
func prefetch(*entry, *uint32, int) {}
