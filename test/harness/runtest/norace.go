//go:build !race

package runtest

// Race reports whether the race detector is on; see race.go.
const Race = false
