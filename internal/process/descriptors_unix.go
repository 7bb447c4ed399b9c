//go:build unix

package process

import "syscall"

// Descriptors is how many descriptors the process may have open; 0 if the system
// does not tell. The Go runtime raises the soft limit to the hard one at start;
// the hard one is the operator's.
func Descriptors() uint64 {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return uint64(limit.Cur)
}
