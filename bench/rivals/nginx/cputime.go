package nginx

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of /proc/PID/stat: USER_HZ, 100 on every Linux.
const tick = 10 * time.Millisecond

func cpuTime(process int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", process))
	if err != nil {
		return 0, err
	}
	return statTime(string(text))
}

// statTime reads utime and stime, fields 14 and 15 of proc(5). The name in
// field 2 may hold anything, so counting begins behind its last parenthesis.
func statTime(stat string) (time.Duration, error) {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/PID/stat has %d fields behind the name, want more", len(fields))
	}
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/PID/stat: a time is not a number: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}
