//go:build !amd64 || purego

package passage

// prefetch does nothing on this platform.
func prefetch(*block, *block) {}
