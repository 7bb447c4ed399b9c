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

// MemoryLimits contains the memory limits of this process in bytes; 0 means no limit. A
// container or a systemd unit sets the limit of its control group.
type MemoryLimits struct {
	Runtime int64 // GOMEMLIMIT
	Group   int64 // the lowest limit of the control group and its parents
}

// ReadMemoryLimits reads the limits of the runtime and of the system.
func ReadMemoryLimits() MemoryLimits {
	l := MemoryLimits{Group: groupLimit(os.DirFS("/"))}
	if limit := debug.SetMemoryLimit(-1); limit != math.MaxInt64 {
		l.Runtime = limit
	}
	return l
}

// Least returns the lowest limit that is set, or 0 if there is none.
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

// groupLimit reads the limit of this process's control group, version 2 or 1. In a
// container the group may not be visible; then the root of the mount is its group.
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

// leastUpwards returns the lowest limit of a group and its parents up to the root of the
// mount.
func leastUpwards(root fs.FS, mount, group string, files ...string) (limit int64) {
	for at := path.Clean("/" + group); ; at = path.Dir(at) {
		for _, file := range files {
			text, err := fs.ReadFile(root, path.Join(mount, at, file))
			if err != nil {
				continue
			}
			// "max" and the huge number of version 1 mean no limit.
			if n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64); err == nil && n > 0 && n < 1<<50 {
				limit = least(limit, n)
			}
		}
		if at == "/" {
			return limit
		}
	}
}
