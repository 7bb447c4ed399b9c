package main

import "golang.org/x/sys/unix"

// limitDescriptors lowers the limit of a running process for good.
func limitDescriptors(pid int, n uint64) error {
	return unix.Prlimit(pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: n}, nil)
}
