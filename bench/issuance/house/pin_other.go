//go:build !linux

package house

import (
	"errors"
	"os/exec"
	"syscall"
)

var errLinux = errors.New("only Linux can keep a process on a processor")

func ownGroup() *syscall.SysProcAttr { return nil }

// StartOn needs Linux, but for AnyCPU.
func StartOn(cpu int, child *exec.Cmd) error {
	if cpu == AnyCPU {
		return child.Start()
	}
	return errLinux
}

// Pin needs Linux.
func Pin(int) (undo func() error, err error) { return nil, errLinux }
