// Package process runs other programs for tests, benchmarks and the chaos run. Programs are built
// once. Each writes its log to a file, runs on a chosen processor, and never outlives the program
// that started it.
//
// The package knows nothing of railgate's own programs; package stack does.
package process

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// AnyCPU means no particular processor.
const AnyCPU = -1

// logTail is how much of a program's log an error shows, in bytes.
const logTail = 4000

// Process is a started program.
type Process struct {
	Name string

	log   string
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has ended; then err is set
	err   error
}

// Start starts a program on one processor, or on those of this process if cpu is AnyCPU, and
// appends its output to the file log. The terminal's Ctrl-C does not reach the program, so the
// caller can stop it in order. It is killed when this process dies.
func Start(cpu int, name, log, path string, args ...string) (*Process, error) {
	p := &Process{Name: name, log: log, ended: make(chan struct{})}
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer file.Close() // the program has its own copy
	p.cmd = exec.Command(path, args...)
	p.cmd.Stdout, p.cmd.Stderr = file, file
	if err := StartOn(cpu, p.cmd); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	go func() {
		defer close(p.ended)
		p.err = p.cmd.Wait()
	}()
	return p, nil
}

// PID returns the process ID, also after the end.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ended returns a channel that is closed when the program has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Gone returns an error that shows the end of the log if the program has ended.
func (p *Process) Gone() error {
	select {
	case <-p.ended:
		return fmt.Errorf("the %s ended (%v); its last output:\n%s", p.Name, p.err, p.Tail())
	default:
		return nil
	}
}

// Log returns the output of the program and of earlier programs with the same log.
func (p *Process) Log() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Tail returns the end of the log.
func (p *Process) Tail() string {
	text := p.Log()
	return text[max(0, len(text)-logTail):]
}

// TrimLog empties the log.
func (p *Process) TrimLog() error { return os.Truncate(p.log, 0) }

// Signal sends a signal.
func (p *Process) Signal(sig syscall.Signal) error { return p.cmd.Process.Signal(sig) }

// Kill ends the program like a power cut and waits for its end.
func (p *Process) Kill() {
	p.cmd.Process.Kill()
	<-p.ended
}

// Stop sends SIGTERM and waits for the end. It returns an error if the program ended before, exits
// with a code other than 0, or does not end in time and is killed.
func (p *Process) Stop(within time.Duration) error {
	if err := p.Gone(); err != nil {
		return err
	}
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		if p.err != nil {
			return fmt.Errorf("the %s ended badly after SIGTERM: %w", p.Name, p.err)
		}
		return nil
	case <-time.After(within):
		p.Kill()
		return fmt.Errorf("the %s did not end within %v after SIGTERM and was killed", p.Name, within)
	}
}

// FreePorts returns loopback addresses on which no program listens now.
func FreePorts(n int) (addresses []string, err error) {
	for range n {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		addresses = append(addresses, l.Addr().String())
	}
	return addresses, nil
}
