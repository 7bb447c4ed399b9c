package process

import (
	"bytes"
	"io/fs"
	"math"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

// MemoryLimits is how much memory this process may take, bytes; 0: there is no such
// limit. The control group is what a container or a systemd unit sets.
type MemoryLimits struct {
	Runtime int64 // GOMEMLIMIT
	Group   int64 // the least of the control group and of those above it
}

// ReadMemoryLimits asks the runtime and the system. It changes neither.
func ReadMemoryLimits() MemoryLimits {
	l := MemoryLimits{Group: groupLimit(os.DirFS("/"))}
	if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 {
		l.Runtime = limit
	}
	return l
}

// Least is the smaller limit that is set; 0: none is.
func (l MemoryLimits) Least() int64 { return least(l.Runtime, l.Group) }

func least(a, b int64) int64 {
	switch {
	case a == 0:
		return b
	case b == 0:
		return a
	}
	return min(a, b)
}

// groupLimit reads the limit of this process's control group, version 2 or 1. In a container
// the named group may not be visible: then the root of the mount is the container's.
func groupLimit(root fs.FS) (limit int64) {
	text, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return 0
	}
	for line := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n") {
		// hierarchy:controllers:path; version 2 is hierarchy 0 without controllers
		fields := strings.SplitN(line, ":", 3)
		if len(fields) != 3 {
			continue
		}
		switch {
		case fields[0] == "0" && fields[1] == "":
			limit = least(limit, leastUpwards(root, "sys/fs/cgroup", fields[2], "memory.max", "memory.high"))
		case fields[1] == "memory":
			limit = least(limit, leastUpwards(root, "sys/fs/cgroup/memory", fields[2], "memory.limit_in_bytes"))
		}
	}
	return limit
}

// leastUpwards takes the least limit from a group up to the root of the mount.
func leastUpwards(root fs.FS, mount, group string, files ...string) (limit int64) {
	for at := path.Clean("/" + group); ; at = path.Dir(at) {
		for _, file := range files {
			text, err := fs.ReadFile(root, path.Join(mount, at, file))
			if err != nil {
				continue
			}
			// "max" and the huge number of version 1 are no limit.
			if n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64); err == nil && n > 0 && n < 1<<50 {
				limit = least(limit, n)
			}
		}
		if at == "/" {
			return limit
		}
	}
}
