//go:build unix

package tool

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Used returns the processor time (user and system) of this process since its start, and its peak
// memory in bytes. Linux reports memory in KiB.
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

// peakIn returns the peak memory, in bytes, that /proc/PID/status reports for a program. The figure
// of getrusage may be the parent's: fork copies it, and exec does not reset it.
func peakIn(status string) (memory int64, ok bool) {
	for line := range strings.Lines(status) {
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &memory); err == nil {
			return memory << 10, true
		}
	}
	return 0, false
}
