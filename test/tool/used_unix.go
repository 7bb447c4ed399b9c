//go:build unix

package tool

import (
	"fmt"
	"os"
	"strings"
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
	memory = int64(u.Maxrss) << 10
	if text, err := os.ReadFile("/proc/self/status"); err == nil {
		if peak, ok := peakIn(string(text)); ok {
			memory = peak
		}
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), memory, nil
}

// peakIn is the most memory that a process has had since it began its program, bytes,
// by Linux's /proc/PID/status. What getrusage tells may be of its parent: a fork takes
// the parent's figure along, and beginning another program does not reset it.
func peakIn(status string) (memory int64, ok bool) {
	for line := range strings.Lines(status) {
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &memory); err == nil {
			return memory << 10, true
		}
	}
	return 0, false
}
