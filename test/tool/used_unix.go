//go:build unix

package tool

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Used is what this process has used since it began: processor time, user and system, and
// the most memory it has had, bytes; Linux tells it in KiB.
func Used() (processor time.Duration, memory int64, err error) {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0, 0, fmt.Errorf("getrusage: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), int64(u.Maxrss) << 10, nil
}
