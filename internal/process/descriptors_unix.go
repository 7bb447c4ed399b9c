//go:build unix

package process

import "syscall"

// Descriptors returns the number of descriptors that the process may have open, or 0 if
// the system does not report it. At start the Go runtime raises the soft limit to the
// hard limit, which the operator sets.
func Descriptors() uint64 {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return uint64(limit.Cur)
}
