//go:build !linux

package nginx

import "syscall"

func parentWatch() *syscall.SysProcAttr { return nil }
