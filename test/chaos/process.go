package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

const (
	// stopPatience is above a gateway's drain delay and drain timeout together.
	stopPatience = 20 * time.Second
	// restartPause is between the death of a process nobody ended and its next start.
	restartPause = 200 * time.Millisecond
	logTail      = 2000 // bytes of a dead process's log to show
)

// child is one of the real binaries. It is started again when it ends by
// itself, and that is reported: no fault here may end a process.
type child struct {
	// immutable
	name, path, log string
	args            []string
	died            func(name, tail string)

	mu     sync.Mutex
	wanted bool // it should be running
	cmd    *exec.Cmd
	ended  chan struct{} // closed when cmd has ended
}

// start runs the process; it does nothing if it is running.
func (c *child) start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wanted = true
	return c.launch()
}

// launch is called with c.mu held.
func (c *child) launch() error {
	if c.cmd != nil {
		return nil
	}
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() // the process has its own copy
	cmd := exec.Command(c.path, c.args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = lifeline()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	c.cmd, c.ended = cmd, make(chan struct{})
	go c.await(cmd, c.ended)
	return nil
}

func (c *child) await(cmd *exec.Cmd, ended chan struct{}) {
	cmd.Wait()
	c.mu.Lock()
	c.cmd = nil
	close(ended)
	byItself := c.wanted
	c.mu.Unlock()
	if !byItself {
		return
	}
	tail := c.tail()
	// While a process is dead, an outgoing connection of anyone's may take its
	// port for a moment. That is this machine's doing, not the process's.
	if !bytes.Contains(tail, []byte("address already in use")) {
		c.died(c.name, string(tail))
	}
	time.Sleep(restartPause)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.wanted {
		if err := c.launch(); err != nil {
			c.died(c.name, err.Error())
		}
	}
}

func (c *child) tail() []byte {
	text, err := os.ReadFile(c.log)
	if err != nil {
		return []byte(err.Error())
	}
	return text[max(0, len(text)-logTail):]
}

// kill ends the process as a power cut does, and returns when it is gone.
func (c *child) kill() { c.end(syscall.SIGKILL, stopPatience) }

// stop ends it politely; false means that it had to be killed.
func (c *child) stop() bool { return c.end(syscall.SIGTERM, stopPatience) }

func (c *child) end(sig syscall.Signal, patience time.Duration) bool {
	c.mu.Lock()
	c.wanted = false
	cmd, ended := c.cmd, c.ended
	c.mu.Unlock()
	if cmd == nil {
		return true
	}
	cmd.Process.Signal(sig)
	select {
	case <-ended:
		return true
	case <-time.After(patience):
		cmd.Process.Kill()
		<-ended
		return false
	}
}

// signal reaches a running process only.
func (c *child) signal(sig syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd != nil {
		c.cmd.Process.Signal(sig)
	}
}

// pid is the running process's, or none.
func (c *child) pid() []int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd == nil {
		return nil
	}
	return []int{c.cmd.Process.Pid}
}
