package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of times in /proc: 1/USER_HZ, which Linux fixes at 100.
const tick = 10 * time.Millisecond

// Usage is the parent of a process and its processor time since its start, user and system, in
// steps of 10 ms.
type Usage struct {
	Parent   int
	Own      time.Duration
	Children time.Duration // of children that ended and were waited for
}

// Sum returns the time of the process and its ended children.
func (u Usage) Sum() time.Duration { return u.Own + u.Children }

// readStat parses the fields that proc(5) numbers 4 (ppid) and 14 to 17 (utime, stime, cutime,
// cstime). The name before them may contain any character, so parsing starts after its last
// parenthesis.
func readStat(text string) (u Usage, err error) {
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:]) // the first is field 3
	if len(fields) < 15 {
		return u, errors.New("/proc: a stat file is too short")
	}
	var n [5]int64
	for i, field := range []int{4, 14, 15, 16, 17} {
		if n[i], err = strconv.ParseInt(fields[field-3], 10, 64); err != nil {
			return u, fmt.Errorf("/proc: field %d of a stat file is not a number", field)
		}
	}
	return Usage{int(n[0]), time.Duration(n[1]+n[2]) * tick, time.Duration(n[3]+n[4]) * tick}, nil
}

// UsageOf returns the usage of a process. It needs Linux.
func UsageOf(pid int) (Usage, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Usage{}, err
	}
	return readStat(string(text))
}

// FamilyTime returns the processor time of a process and all its children, both running and ended.
func FamilyTime(pid int) (time.Duration, error) {
	head, err := UsageOf(pid)
	if err != nil {
		return 0, err
	}
	sum := head.Sum()
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // ended in the meantime
		}
		if u, err := readStat(string(text)); err == nil && u.Parent == pid {
			sum += u.Own
		}
	}
	return sum, nil
}
