//go:build unix

package attack

import "golang.org/x/sys/unix"

// lower lets this process have the processor less often.
func lower(nice int) { _ = unix.Setpriority(unix.PRIO_PROCESS, 0, nice) }
