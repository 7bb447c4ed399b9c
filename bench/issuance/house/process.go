package house

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const (
	stopWithin = 20 * time.Second // above the drain timeouts of issuer and gateway
	logTail    = 2000             // bytes of a dead process's log to show
)

// process is one of the built binaries at work.
type process struct {
	name, log string
	cmd       *exec.Cmd
	ended     chan struct{} // closed when it has ended; then err is set
	err       error
}

// startProcess starts a binary with its log in a file of the folder, on the
// processor, or on those of this process if cpu is AnyCPU.
func startProcess(dir, name string, cpu int, path string, args ...string) (*process, error) {
	p := &process{name: name, log: filepath.Join(dir, name+".log"), ended: make(chan struct{})}
	// Appending, so that Trim can cut it.
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the process has its own copy
	p.cmd = exec.Command(path, args...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := StartOn(cpu, p.cmd); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	go func() {
		defer close(p.ended)
		p.err = p.cmd.Wait()
	}()
	return p, nil
}

// gone is an error if the process has ended.
func (p *process) gone() error {
	select {
	case <-p.ended:
		text, _ := os.ReadFile(p.log)
		return fmt.Errorf("the %s ended (%v); it said:\n%s", p.name, p.err, text[max(0, len(text)-logTail):])
	default:
		return nil
	}
}

// stop ends it politely, or at last not; one that had ended before is an error.
func (p *process) stop() error {
	if err := p.gone(); err != nil {
		return err
	}
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopWithin):
		p.cmd.Process.Kill()
		<-p.ended
		return fmt.Errorf("the %s did not end within %v and was killed", p.name, stopWithin)
	}
}
