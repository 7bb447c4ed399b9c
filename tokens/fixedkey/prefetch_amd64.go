//go:build !purego

package fixedkey

// prefetch asks for the entries of n digits, n at least 1. Without it every
// addition of a table that is not in the nearest cache waits for its entry.
//
//go:noescape
func prefetch(entries *entry, digits *uint32, n int)
