//go:build !linux

package process

import (
	"errors"
	"os/exec"
)

var errLinux = errors.New("processor affinity and descriptor limits need Linux")

// StartOn needs Linux, except for AnyCPU.
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

// Detach needs Linux too; elsewhere Ctrl-C reaches the child.
func Detach(*exec.Cmd) {}
