package main

import (
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/railgate/railgate/test/harness/process"
	"github.com/railgate/railgate/test/harness/stack"
)

const (
	// stopPatience is above a gateway's drain delay and drain timeout together.
	stopPatience = 20 * time.Second
	// restartPause is the time between the unexpected end of a process and its next start.
	restartPause = 200 * time.Millisecond
)

// child is one of the real binaries. If it ends by itself, it is restarted and the end is reported:
// no fault here may end a process.
type child struct {
	*stack.Server                         // immutable
	died          func(name, tail string) // immutable

	mu     sync.Mutex
	wanted bool             // it should be running
	runs   *process.Process // nil: not running
	last   *process.Process // the latest process
	ended  chan struct{}    // closed when runs has ended
}

func (sys *system) newChild(v *stack.Server) *child {
	c := &child{Server: v, died: func(name, tail string) { sys.report.incident("%s ended by itself:\n%s", name, tail) }}
	sys.children = append(sys.children, c)
	return c
}

// start starts the process unless it is running.
func (c *child) start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wanted = true
	return c.launch()
}

// launch needs c.mu.
func (c *child) launch() error {
	if c.runs != nil {
		return nil
	}
	p, err := c.Start(process.AnyCPU)
	if err != nil {
		return err
	}
	c.runs, c.last, c.ended = p, p, make(chan struct{})
	go c.await(p, c.ended)
	return nil
}

func (c *child) await(p *process.Process, ended chan struct{}) {
	<-p.Ended()
	c.mu.Lock()
	c.runs = nil
	close(ended)
	byItself := c.wanted
	c.mu.Unlock()
	if !byItself {
		return
	}
	// While a process is down, an outgoing connection may briefly use its port. That is not a
	// defect of the process.
	if tail := p.Tail(); !strings.Contains(tail, "address already in use") {
		c.died(c.Name, tail)
	}
	time.Sleep(restartPause)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wanted {
		if err := c.launch(); err != nil {
			c.died(c.Name, err.Error())
		}
	}
}

// tail returns the end of the log.
func (c *child) tail() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == nil {
		return ""
	}
	return c.last.Tail()
}

// kill ends the process like a power cut and waits for its end.
func (c *child) kill() { c.end(syscall.SIGKILL) }

// stop sends SIGTERM; it returns false if the process had to be killed.
func (c *child) stop() bool { return c.end(syscall.SIGTERM) }

func (c *child) end(sig syscall.Signal) bool {
	c.mu.Lock()
	c.wanted = false
	p, ended := c.runs, c.ended
	c.mu.Unlock()
	if p == nil {
		return true
	}
	p.Signal(sig)
	select {
	case <-ended:
		return true
	case <-time.After(stopPatience):
		p.Kill()
		<-ended
		return false
	}
}

// signal sends a signal if the process is running.
func (c *child) signal(sig syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.runs != nil {
		c.runs.Signal(sig)
	}
}

// pid returns the running process's ID, or none.
func (c *child) pid() []int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.runs == nil {
		return nil
	}
	return []int{c.runs.PID()}
}
