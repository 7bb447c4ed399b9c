//go:build !linux

package main

import "syscall"

// lifeline cannot do here what Linux does: a panic leaves children behind.
func lifeline() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
