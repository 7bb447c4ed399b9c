package nginx

import "syscall"

// parentWatch ends nginx with the process that started it.
func parentWatch() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} }
