package house

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// CPU is processor time since a process began, user and system, in steps of
// 10 ms. It includes what the kernel did for it.
type CPU struct {
	Client   time.Duration // this process: the load generator, and the broker beside it
	Issuer   time.Duration
	Database time.Duration // PostgreSQL's processes; 0 with SQLite, which is part of the issuer
}

// Since is what was used after before.
func (c CPU) Since(before CPU) CPU {
	return CPU{c.Client - before.Client, c.Issuer - before.Issuer, c.Database - before.Database}
}

// Sum is all of it.
func (c CPU) Sum() time.Duration { return c.Client + c.Issuer + c.Database }

// tick is the unit of times in /proc: 1/USER_HZ, which Linux has fixed at 100.
const tick = 10 * time.Millisecond

// stat is what is used of /proc/PID/stat.
type stat struct {
	parent        int
	own, children time.Duration // children: those that have ended and were waited for
}

// readStat reads what proc(5) calls fields 4 (ppid) and 14 to 17 (utime, stime,
// cutime, cstime). The name before them may hold anything, so it is skipped
// from its last parenthesis.
func readStat(text string) (s stat, err error) {
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:]) // the first is field 3
	if len(fields) < 15 {
		return s, errors.New("/proc: a stat file is too short")
	}
	var n [5]int64
	for i, field := range []int{4, 14, 15, 16, 17} {
		if n[i], err = strconv.ParseInt(fields[field-3], 10, 64); err != nil {
			return s, fmt.Errorf("/proc: field %d of a stat file is no number", field)
		}
	}
	return stat{int(n[0]), time.Duration(n[1]+n[2]) * tick, time.Duration(n[3]+n[4]) * tick}, nil
}

func statOf(pid int) (stat, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	return readStat(string(text))
}

// familyTime is what a process and its children have used: those that live, and
// those that ended.
func familyTime(pid int) (time.Duration, error) {
	head, err := statOf(pid)
	if err != nil {
		return 0, err
	}
	sum := head.own + head.children
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // ended meanwhile
		}
		if s, err := readStat(string(text)); err == nil && s.parent == pid {
			sum += s.own
		}
	}
	return sum, nil
}
