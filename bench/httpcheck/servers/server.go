// Package servers starts the servers of a benchmark, the gateway and its rivals, each in a separate
// process on one processor, and reports their processor time. It starts attackers in the same way.
//
// The Go servers are the benchmark's own program, started with Command as the first argument; its
// main must then call Serve. They end with the process that started them.
package servers

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Command as the first argument makes the program a server or an attacker.
const Command = "server"

// Kind is a kind of server or attack.
type Kind string

// The Go servers.
const (
	Gateway Kind = "gateway"
	// Beyond is the gateway with tickets and second use checked. Both flag, so every code is admitted however
	// often it is sent: the first time as a first use, later as a second one.
	Beyond Kind = "gateway-beyond"
	Noop   Kind = "noop"
	JWT    Kind = "jwt"
)

var roles = map[Kind]func() (*role, error){Gateway: newGateway, Beyond: newBeyond, Noop: newNoop, JWT: newJWT}

// Server is a running server.
type Server interface {
	Address() string
	Usage() (Usage, error)
	Stop() error
}

// Usage is the resource usage of a server since its start.
type Usage struct {
	CPU    time.Duration // user and system
	Misses uint64        // cache lookups without success; 0 for servers without a cache
	MaxRSS int64         // peak memory in bytes; 0 if unknown
}

// replyWithin bounds an answer on the control pipe: a line of text from an idle process.
const replyWithin = 20 * time.Second

// Child is a Go server or an attacker. It reads commands from its stdin and writes answers to its
// stdout, one per line.
type Child struct {
	kind    Kind
	address string
	process *exec.Cmd
	in      io.WriteCloser
	replies chan string // closed when the child's stdout ends
}

var _ Server = (*Child)(nil)

// Start starts a server on the processor, or on any if cpu is below 0.
func Start(kind Kind, cpu int) (*Child, error) {
	s, reply, err := start(kind, replyWithin, fmt.Sprint(cpu))
	if err != nil {
		return nil, err
	}
	if _, err = fmt.Sscanf(reply, "listening %s", &s.address); err != nil {
		s.Stop()
		return nil, fmt.Errorf("%s: printed %q instead of its address", kind, reply)
	}
	return s, nil
}

// start starts a child and waits for its first line.
func start(kind Kind, within time.Duration, args ...string) (s *Child, first string, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, "", err
	}
	s = &Child{kind: kind, process: exec.Command(self, append([]string{Command, string(kind)}, args...)...), replies: make(chan string)}
	s.process.Stderr = os.Stderr
	if s.in, err = s.process.StdinPipe(); err != nil {
		return nil, "", err
	}
	out, err := s.process.StdoutPipe()
	if err != nil {
		return nil, "", err
	}
	if err := s.process.Start(); err != nil {
		return nil, "", err
	}
	go func() {
		defer close(s.replies)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			s.replies <- lines.Text()
		}
	}()
	if first, err = s.reply(within); err != nil {
		s.Stop()
		return nil, "", err
	}
	return s, first, nil
}

// Address returns the listen address.
func (s *Child) Address() string { return s.address }

func (s *Child) reply(within time.Duration) (string, error) {
	select {
	case line, ok := <-s.replies:
		if !ok {
			return "", fmt.Errorf("%s: the process ended", s.kind)
		}
		if why, failed := strings.CutPrefix(line, "error "); failed {
			return "", fmt.Errorf("%s: %s", s.kind, why)
		}
		return line, nil
	case <-time.After(within):
		return "", fmt.Errorf("%s: no reply within %v", s.kind, within)
	}
}

func (s *Child) ask(request string) (string, error) {
	if _, err := io.WriteString(s.in, request+"\n"); err != nil {
		return "", fmt.Errorf("%s: %w", s.kind, err)
	}
	return s.reply(replyWithin)
}

// Usage returns the server's usage.
func (s *Child) Usage() (u Usage, err error) {
	reply, err := s.ask("usage")
	if err != nil {
		return u, err
	}
	if _, err := fmt.Sscanf(reply, "usage %d %d %d", &u.CPU, &u.Misses, &u.MaxRSS); err != nil {
		return u, fmt.Errorf("%s: invalid usage %q", s.kind, reply)
	}
	return u, nil
}

// AnswerWith sets the no-op server's answer; body is one line.
func (s *Child) AnswerWith(body []byte) error {
	_, err := s.ask("answer " + string(body))
	return err
}

// stopWithin bounds the wait for a child's end; then it is killed.
const stopWithin = 10 * time.Second

// Stop ends the child.
func (s *Child) Stop() error {
	s.in.Close()
	kill := time.AfterFunc(stopWithin, func() { s.process.Process.Kill() })
	defer kill.Stop()
	for range s.replies { // drain unread answers
	}
	return s.process.Wait()
}
