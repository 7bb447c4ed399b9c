package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// console writes lines, each with the time since the start.
type console struct {
	began time.Time // immutable

	mu  sync.Mutex
	out io.Writer
}

func newConsole(out io.Writer) *console { return &console{began: time.Now(), out: out} }

func (c *console) line(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.out, "%7.1fs  %s\n", time.Since(c.began).Seconds(), fmt.Sprintf(format, args...))
}
