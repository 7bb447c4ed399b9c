//go:build race

package runtest

// Race reports whether the race detector is on. With it, a test of one goroutine may do a part of its
// work: the detector finds nothing there, makes the work about ten times slower, and the same test
// does all of it without the detector.
const Race = true
