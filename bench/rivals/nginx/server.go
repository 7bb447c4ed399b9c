package nginx

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/railgate/railgate/test/harness/process"
)

// Timeouts of the process.
const (
	startWithin = 10 * time.Second
	replyWithin = 5 * time.Second
	stopWithin  = 5 * time.Second
	pollEvery   = 20 * time.Millisecond
)

// Server is a running nginx with one worker.
type Server struct {
	Address string

	folder string
	master *exec.Cmd
	ended  chan struct{} // closed when master has ended
	client http.Client
}

// Start runs nginx on a free port of 127.0.0.1 and waits until it answers.
func Start(c Config) (*Server, error) {
	if err := Missing(); err != nil {
		return nil, err
	}
	binary, err := exec.LookPath("nginx")
	if err != nil {
		return nil, err
	}
	// The listening socket is created here and inherited by nginx, as in an upgrade of
	// nginx. This reserves a free port without a race.
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	socket, err := listener.File()
	if err != nil {
		return nil, err
	}
	defer socket.Close()
	s := &Server{Address: listener.Addr().String(), ended: make(chan struct{}),
		client: http.Client{Timeout: replyWithin, Transport: &http.Transport{DisableKeepAlives: true}}}
	if s.folder, err = os.MkdirTemp("", "railgate-nginx-"); err != nil {
		return nil, err
	}
	if err := c.writeFiles(s.folder, s.Address); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.folder))
	}
	// Messages before the configuration is read, such as about the inherited socket, go to a file.
	s.master = exec.Command(binary, "-p", s.folder, "-e", filepath.Join(s.folder, "start.log"), "-c", filepath.Join(s.folder, "nginx.conf"))
	s.master.Env = append(os.Environ(), "NGINX=3;") // the descriptor of ExtraFiles[0]
	s.master.ExtraFiles = []*os.File{socket}
	s.master.Stderr = os.Stderr
	s.master.SysProcAttr = parentWatch()
	if err := s.master.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.folder))
	}
	go func() {
		s.master.Wait()
		close(s.ended)
	}()
	for deadline := time.Now().Add(startWithin); ; {
		_, err := s.Usage()
		if err == nil {
			return s, nil
		}
		select {
		case <-s.ended:
			return nil, errors.Join(errors.New("nginx ended immediately: see its output above"), os.RemoveAll(s.folder))
		case <-time.After(pollEvery):
		}
		if time.Now().After(deadline) {
			return nil, errors.Join(fmt.Errorf("nginx did not answer within %v: %w", startWithin, err), s.Stop())
		}
	}
}

// Usage contains the counters of the worker since its start.
type Usage struct {
	CPU    time.Duration // user and system time, in steps of 10 ms
	Misses uint64        // cache misses
}

// Usage reads the worker's process id and cache misses from the worker and its processor
// time from the system.
func (s *Server) Usage() (u Usage, err error) {
	answer, err := s.client.Get("http://" + s.Address + "/usage")
	if err != nil {
		return u, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 256))
	if err != nil {
		return u, err
	}
	var worker int
	if _, err := fmt.Sscanf(string(text), "%d %d", &worker, &u.Misses); err != nil {
		return u, fmt.Errorf("nginx: the usage of the worker is not two numbers: %w", err)
	}
	used, err := process.UsageOf(worker)
	u.CPU = used.Own
	return u, err
}

// Stop ends nginx and removes its folder.
func (s *Server) Stop() error {
	s.master.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(stopWithin):
		s.master.Process.Kill()
		<-s.ended
	}
	return os.RemoveAll(s.folder)
}
