package e2e

import (
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/railgate/railgate/test/runtest"
)

// process is a running binary.
type process struct {
	t   *testing.T
	cmd *exec.Cmd
	log *runtest.Buffer
}

func (s *station) startIssuer(args ...string) *process  { return s.start("issuer", args) }
func (s *station) startGateway(args ...string) *process { return s.start("gateway", args) }

func (s *station) start(name string, args []string) *process {
	p := &process{t: s.t, log: &runtest.Buffer{}}
	p.cmd = exec.Command(s.binary(name), append([]string{"-config", s.config(name)}, args...)...)
	p.cmd.Stderr = p.log
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		p.cmd.Process.Kill()
		p.cmd.Wait()
		if s.t.Failed() {
			s.t.Logf("%s said:\n%s", name, tail(p.log.String()))
		}
	})
	return p
}

func tail(text string) string { return text[max(0, len(text)-4000):] }

// kill ends the process as a power cut does.
func (p *process) kill() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// stop ends it politely and demands that it goes within its drain.
func (p *process) stop() {
	p.t.Helper()
	p.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan error, 1)
	go func() { done <- p.cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			p.t.Errorf("after SIGTERM: %v", err)
		}
	case <-time.After(patience):
		p.t.Error("does not end after SIGTERM")
	}
}
