// Package process runs other programs for tests, benchmarks and the chaos run: built
// once, each with its log in a file, on a processor of one's choice, and never longer
// than the program that started them.
//
// It knows nothing of railgate's own programs; package stack does.
package process

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// AnyCPU stands for no processor in particular.
const AnyCPU = -1

// logTail is how much of a program's log an error shows, bytes.
const logTail = 4000

// Process is a program that was started.
type Process struct {
	Name string

	log   string
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has ended; then err is set
	err   error
}

// Start starts a program with what it prints appended to the file log, on the processor,
// or on those of this process if cpu is AnyCPU. It is out of reach of the terminal's
// Ctrl-C, so that its starter ends it in order, and it is killed when this process dies.
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

// PID is its number, also after its end.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ended is closed when it has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Gone is an error that shows the end of the log, if the program has ended.
func (p *Process) Gone() error {
	select {
	case <-p.ended:
		return fmt.Errorf("the %s ended (%v); it said:\n%s", p.Name, p.err, p.Tail())
	default:
		return nil
	}
}

// Log is all that it printed, and what earlier programs with that log did.
func (p *Process) Log() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Tail is the end of the log.
func (p *Process) Tail() string {
	text := p.Log()
	return text[max(0, len(text)-logTail):]
}

// TrimLog empties the log.
func (p *Process) TrimLog() error { return os.Truncate(p.log, 0) }

// Signal sends a signal.
func (p *Process) Signal(sig syscall.Signal) error { return p.cmd.Process.Signal(sig) }

// Kill ends it as a power cut does, and returns when it is gone.
func (p *Process) Kill() {
	p.cmd.Process.Kill()
	<-p.ended
}

// Stop ends it politely. One that ended before, that does not end within the time and is
// killed, or that says by its exit code that something was wrong, is an error.
func (p *Process) Stop(within time.Duration) error {
	if err := p.Gone(); err != nil {
		return err
	}
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		if p.err != nil {
			return fmt.Errorf("the %s, after SIGTERM: %w", p.Name, p.err)
		}
		return nil
	case <-time.After(within):
		p.Kill()
		return fmt.Errorf("the %s did not end within %v and was killed", p.Name, within)
	}
}

// FreePorts finds loopback addresses on which no program listens now.
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
