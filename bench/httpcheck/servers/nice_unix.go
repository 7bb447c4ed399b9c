//go:build unix

package servers

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// lower sets the nice value of this process. On Linux each thread has its own priority, and a new
// thread takes that of its creator.
func lower(nice int) {
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, nice)
	threads, _ := os.ReadDir("/proc/self/task")
	for _, thread := range threads {
		if id, err := strconv.Atoi(thread.Name()); err == nil {
			_ = unix.Setpriority(unix.PRIO_PROCESS, id, nice)
		}
	}
}
