//go:build !unix

package process

// Descriptors returns 0: the limit is unknown on this platform.
func Descriptors() uint64 { return 0 }
