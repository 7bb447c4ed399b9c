//go:build !purego

package fixedkey

// prefetch prefetches the entries of n digits, n at least 1. Without it every addition
// waits for its entry if the table is not in the nearest cache.
//
//go:noescape
func prefetch(entries *entry, digits *uint32, n int)
