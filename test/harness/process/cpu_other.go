//go:build !linux

package process

import (
	"errors"
	"os/exec"
)

var errLinux = errors.New("only Linux can do this to a process")

// StartOn needs Linux, but for AnyCPU.
func StartOn(cpu int, child *exec.Cmd) error {
	if cpu == AnyCPU {
		return child.Start()
	}
	return errLinux
}

// Pin needs Linux.
func Pin(int) (undo func() error, err error) { return nil, errLinux }

// LimitDescriptors needs Linux.
func LimitDescriptors(int, uint64) error { return errLinux }

// Detach needs Linux, too; elsewhere a Ctrl-C reaches the child.
func Detach(*exec.Cmd) {}
