//go:build unix

package servers

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// lower lets this process have the processor less often. On Linux each thread has
// a priority of its own, and new ones take that of the thread that makes them.
func lower(nice int) {
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, nice)
	threads, _ := os.ReadDir("/proc/self/task")
	for _, thread := range threads {
		if id, err := strconv.Atoi(thread.Name()); err == nil {
			_ = unix.Setpriority(unix.PRIO_PROCESS, id, nice)
		}
	}
}
