//go:build !amd64 || purego

package fixedkey

// prefetch does nothing here.
func prefetch(*entry, *uint32, int) {}
