package nginx

import "syscall"

// parentWatch makes the system end nginx when the parent process ends.
func parentWatch() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} }
