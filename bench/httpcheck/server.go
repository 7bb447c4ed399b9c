package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// serverCommand as the first argument makes this program one of the servers.
const serverCommand = "server"

// The two servers.
const (
	gatewayKind = "gateway"
	noopKind    = "noop"
)

// replyWithin bounds every answer on the control pipe: a line of text from a
// process that does nothing else at that moment.
const replyWithin = 10 * time.Second

// server is a child process, spoken to in lines: a request on its stdin, a
// reply on its stdout. It ends when its stdin does, so it cannot outlive us.
type server struct {
	kind    string
	address string
	process *exec.Cmd
	in      io.WriteCloser
	replies chan string // closed when the child's stdout ends
}

func startServer(kind string, pinned bool) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &server{kind: kind, process: exec.Command(self, serverCommand, kind, fmt.Sprint(pinned)), replies: make(chan string)}
	s.process.Stderr = os.Stderr
	if s.in, err = s.process.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(s.replies)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			s.replies <- lines.Text()
		}
	}()
	reply, err := s.reply()
	if err == nil {
		if _, err = fmt.Sscanf(reply, "listening %s", &s.address); err != nil {
			err = fmt.Errorf("%s: said %q instead of where it listens", kind, reply)
		}
	}
	if err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *server) reply() (string, error) {
	select {
	case line, ok := <-s.replies:
		if !ok {
			return "", fmt.Errorf("%s: the process ended", s.kind)
		}
		if why, failed := strings.CutPrefix(line, "error "); failed {
			return "", fmt.Errorf("%s: %s", s.kind, why)
		}
		return line, nil
	case <-time.After(replyWithin):
		return "", fmt.Errorf("%s: no reply within %v", s.kind, replyWithin)
	}
}

func (s *server) ask(request string) (string, error) {
	if _, err := io.WriteString(s.in, request+"\n"); err != nil {
		return "", fmt.Errorf("%s: %w", s.kind, err)
	}
	return s.reply()
}

// usage is what a server has used since it began.
type usage struct {
	cpu    time.Duration
	misses uint64 // passes asked of the cache in vain
}

func (s *server) usage() (u usage, err error) {
	reply, err := s.ask("usage")
	if err != nil {
		return u, err
	}
	if _, err := fmt.Sscanf(reply, "usage %d %d", &u.cpu, &u.misses); err != nil {
		return u, fmt.Errorf("%s: %q is no usage", s.kind, reply)
	}
	return u, nil
}

// answerWith tells the noop what to say; body is one line.
func (s *server) answerWith(body []byte) error {
	_, err := s.ask("answer " + string(body))
	return err
}

// stopWithin bounds the wait for a child's own end; then it is killed.
const stopWithin = 10 * time.Second

func (s *server) stop() error {
	s.in.Close()
	kill := time.AfterFunc(stopWithin, func() { s.process.Process.Kill() })
	defer kill.Stop()
	for range s.replies { // what nobody asked for any more
	}
	return s.process.Wait()
}
