//go:build !purego

package booking

// prefetch begins to load the cache line of a slot and does not wait for it.
//
//go:noescape
func prefetch(s *slot)
