//go:build unix

package servers

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// used is the processor time this process has used, user and system, and the most
// memory it has had, bytes; Linux tells it in KiB.
func used() (cpu time.Duration, maxRSS int64, err error) {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0, 0, os.NewSyscallError("getrusage", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), int64(u.Maxrss) << 10, nil
}
