//go:build !purego

package passage

// prefetch begins to load both cache lines of two blocks and does not wait for them.
//
//go:noescape
func prefetch(a, b *block)
