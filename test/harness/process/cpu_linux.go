package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// parentWatch puts a child into its own process group, which the terminal's Ctrl-C does not reach.
// The kernel kills the child when this program dies for any reason.
func parentWatch() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// StartOn starts the child on one processor, or on those of this process if cpu is AnyCPU. The
// child and its own children are on that processor from the first instruction. The child dies with
// this process.
func StartOn(cpu int, child *exec.Cmd) error {
	child.SysProcAttr = parentWatch()
	if cpu == AnyCPU {
		return child.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, want unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return os.NewSyscallError("sched_getaffinity", err)
	}
	want.Set(cpu)
	if err := unix.SchedSetaffinity(0, &want); err != nil {
		return os.NewSyscallError("sched_setaffinity", err)
	}
	err := child.Start()
	return errors.Join(err, unix.SchedSetaffinity(0, &before))
}

// Detach puts a child that is not yet started into its own process group, which the terminal's
// Ctrl-C does not reach. Unlike a child of [StartOn] it outlives this process.
func Detach(child *exec.Cmd) { child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// pinTurns bounds the passes of Pin: a thread may start while others are pinned.
const pinTurns = 10

// Pin keeps every thread of this process on one processor until undo. Later threads and children
// inherit that.
func Pin(cpu int) (undo func() error, err error) {
	var before, want unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return nil, os.NewSyscallError("sched_getaffinity", err)
	}
	want.Set(cpu)
	processors := runtime.GOMAXPROCS(1)
	undo = func() error {
		runtime.GOMAXPROCS(processors)
		return setAll(&before)
	}
	if err := setAll(&want); err != nil {
		return nil, errors.Join(err, undo())
	}
	return undo, nil
}

func setAll(want *unix.CPUSet) error {
	for range pinTurns {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		other := 0
		for _, thread := range threads {
			id, err := strconv.Atoi(thread.Name())
			if err != nil {
				return fmt.Errorf("/proc/self/task: thread ID: %w", err)
			}
			var has unix.CPUSet
			if err := unix.SchedGetaffinity(id, &has); err == nil && has == *want {
				continue
			}
			other++
			if err := unix.SchedSetaffinity(id, want); err != nil && !errors.Is(err, unix.ESRCH) { // the thread has ended
				return os.NewSyscallError("sched_setaffinity", err)
			}
		}
		if other == 0 {
			return nil
		}
	}
	return fmt.Errorf("some threads are still on other processors after %d passes", pinTurns)
}

// LimitDescriptors permanently lowers the limit on open file descriptors of a running process.
func LimitDescriptors(pid int, n uint64) error {
	return unix.Prlimit(pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: n}, nil)
}
