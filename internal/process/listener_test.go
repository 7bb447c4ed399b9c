package process

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// failing is a listener whose Accept returns the errors of a channel, and a connection
// for nil.
type failing struct {
	net.Listener
	fail chan error
}

func (l failing) Accept() (net.Conn, error) {
	if err := <-l.fail; err != nil {
		return nil, err
	}
	conn, other := net.Pipe()
	other.Close()
	return conn, nil
}

func (failing) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }
func (failing) Close() error   { return nil }

func tooMany() error {
	return &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
}

func TestAcceptContinuesAfterErrors(t *testing.T) {
	for name, fault := range map[string]error{
		"no descriptor": tooMany(),
		"no memory":     os.NewSyscallError("accept4", syscall.ENOBUFS),
		"a firewall":    os.NewSyscallError("accept4", syscall.EPERM),
		"anything":      errors.New("something else"),
	} {
		t.Run(name, func(t *testing.T) {
			inner := failing{fail: make(chan error, 8)}
			core, logs := observer.New(zap.InfoLevel)
			l := NewListener(inner, zap.New(core))
			for range 3 {
				inner.fail <- fault
			}
			inner.fail <- nil
			conn, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			conn.Close()
			if n := l.Errors(); n != 3 {
				t.Errorf("%d errors counted, want 3", n)
			}
			// Errors within the next minute are counted and not logged.
			inner.fail <- fault
			inner.fail <- nil
			if conn, err = l.Accept(); err != nil {
				t.Fatal(err)
			}
			conn.Close()
			if n := l.Errors(); n != 4 {
				t.Errorf("%d errors counted, want 4", n)
			}
			var lines []string
			for _, e := range logs.All() {
				lines = append(lines, e.Message)
			}
			if len(lines) != 2 || lines[0] != "cannot accept connections; retrying" || lines[1] != "accepting connections again" {
				t.Errorf("logged %q", lines)
			}
		})
	}
}

func TestCloseEndsAWaitingAccept(t *testing.T) {
	inner := failing{fail: make(chan error)}
	l := NewListener(inner, nil)
	ended := make(chan error, 1)
	go func() { _, err := l.Accept(); ended <- err }()
	for range 9 { // the next pause is the longest
		inner.fail <- tooMany()
	}
	l.Close()
	l.Close()
	select {
	case err := <-ended:
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept ended with %v", err)
		}
	case inner.fail <- net.ErrClosed: // the pause ended first
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("Accept did not end")
	}
}

func TestConnectionsFitTheDescriptors(t *testing.T) {
	for _, c := range []struct {
		wanted      int
		descriptors uint64
		want        int
	}{
		{32768, 0, 32768}, {32768, 131072, 32768}, {32768, 32768 + reserved, 32768}, {32768, 32768, 32768 - reserved},
		{32768, 256, 256 - reserved}, {32768, 100, 50}, {32768, 1, 1}, {32768, 1 << 63, 32768},
	} {
		if n := Connections(c.wanted, c.descriptors); n != c.want {
			t.Errorf("%d wanted under %d descriptors: %d, want %d", c.wanted, c.descriptors, n, c.want)
		}
	}
	if Descriptors() == 0 {
		t.Error("this system does not report its limit")
	}
}
