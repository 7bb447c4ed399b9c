//go:build !linux

package nginx

import "syscall"

func lifeline() *syscall.SysProcAttr { return nil }
