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

// Bounds of the waits on the process.
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
	ended  chan struct{} // closed when master has
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
	// We listen and hand the socket over, as nginx does to its successor when it
	// is upgraded: so the port is free, and nobody else can take it meanwhile.
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
	if err := c.furnish(s.folder, s.Address); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.folder))
	}
	// What is said before the configuration is read, such as that a socket was inherited, goes to a file.
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
			return nil, errors.Join(errors.New("nginx ended at once; its reason is above"), os.RemoveAll(s.folder))
		case <-time.After(pollEvery):
		}
		if time.Now().After(deadline) {
			return nil, errors.Join(fmt.Errorf("nginx did not answer within %v: %w", startWithin, err), s.Stop())
		}
	}
}

// Usage is what the worker has used since it began.
type Usage struct {
	CPU    time.Duration // user and system, in steps of 10 ms
	Misses uint64        // tokens asked of the cache in vain
}

// Usage asks the worker for its number and its misses, and the system for its time.
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
		return u, fmt.Errorf("nginx: its usage is not two numbers: %w", err)
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
