package gateway_test

import (
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/railgate/railgate/gateway"
)

// exhausted is a listener of a process that has no file descriptor left.
type exhausted struct {
	net.Listener
	left atomic.Int64 // failures to come
}

func (l *exhausted) Accept() (net.Conn, error) {
	if l.left.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	return l.Listener.Accept()
}

// A gateway without file descriptors continues to serve, accepts again when there are
// some, and drains in order.
func TestServingContinuesAfterAcceptErrors(t *testing.T) {
	t.Parallel()
	const failures = 5
	s := start(t, setup{listen: func() (net.Listener, error) {
		inner, err := net.Listen("tcp", "127.0.0.1:0")
		l := &exhausted{Listener: inner}
		l.left.Store(failures)
		return l, err
	}})
	if v := readVerdict(t, s.check("entry", s.goodCode(1)).body); v.Reason != "ok" {
		t.Fatalf("refused: %s", v.Reason)
	}
	if n := s.count("railgate_accept_errors_total"); n != failures {
		t.Errorf("%v failures to accept counted, want %d", n, failures)
	}
	if n := s.count("railgate_open_connections"); n != 1 {
		t.Errorf("%v open connections, want 1", n)
	}
	if n := s.count("railgate_open_connections_limit"); n != gateway.MaxConnections {
		t.Errorf("the limit on connections is %v, want %d", n, gateway.MaxConnections)
	}
}
