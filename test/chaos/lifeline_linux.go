package main

import "syscall"

// lifeline puts a child into a group of its own, out of reach of the terminal's
// Ctrl-C, and has the kernel kill it when this program dies of whatever cause.
func lifeline() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
