package servers

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// pinTurns bounds Pin: a thread may be born while others are pinned.
const pinTurns = 10

// Pin keeps every thread of this process on one CPU. Threads yet to come
// inherit that from the one that makes them.
func Pin(cpu int) error {
	var want unix.CPUSet
	want.Set(cpu)
	for range pinTurns {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		loose := 0
		for _, thread := range threads {
			id, err := strconv.Atoi(thread.Name())
			if err != nil {
				return fmt.Errorf("a thread has no number: %w", err)
			}
			var has unix.CPUSet
			if err := unix.SchedGetaffinity(id, &has); err == nil && has == want {
				continue
			}
			loose++
			if err := unix.SchedSetaffinity(id, &want); err != nil && !errors.Is(err, unix.ESRCH) { // ended meanwhile
				return os.NewSyscallError("sched_setaffinity", err)
			}
		}
		if loose == 0 {
			return nil
		}
	}
	return fmt.Errorf("threads were still loose after %d turns", pinTurns)
}
