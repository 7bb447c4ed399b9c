package nginx

import "syscall"

// lifeline ends nginx with the process that started it.
func lifeline() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} }
