package load

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/railgate/railgate/loadtest/openloop"
)

// stream is the state of a Stream.
type stream struct {
	Stream
	out     Outcome
	due     []time.Duration // not sent yet
	free    []*socket       // in the order in which they became free
	waiting int             // sockets that wait for an answer
	full    time.Duration   // the last time at which no socket was free
}

// socket is one connection with at most one request in progress.
type socket struct {
	stream *stream
	number int // index in loop.sockets
	fd     int // -1: connect before the next request
	due    time.Duration
	busy   bool
	read   int
	buffer [4 << 10]byte
}

func loopback(address string) (unix.Sockaddr, error) {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	if !a.Addr().Is4() {
		return nil, fmt.Errorf("%s is not an IPv4 address", address)
	}
	return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}, nil
}

// connect waits until the socket is connected, which is immediate on loopback.
func (l *loop) connect(k *socket) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	err = errors.Join(
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &unix.Timeval{Sec: int64(dialWithin / time.Second)}), // for connect too
		unix.Connect(fd, l.peer),
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		unix.SetNonblock(fd, true),
		unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(k.number)}))
	if err != nil {
		unix.Close(fd)
		return fmt.Errorf("connect: %w", err)
	}
	k.fd, k.read = fd, 0
	return nil
}

func (l *loop) disconnect(k *socket) {
	unix.Close(k.fd) // also removes it from the epoll set
	k.fd = -1
}

// send sends the next request if it is due and a socket is free.
func (l *loop) send(s *stream, now time.Duration) error {
	if len(s.free) == 0 {
		s.full = now
		return nil
	}
	if len(s.due) == 0 || s.due[0] > now {
		return nil
	}
	due := s.due[0]
	request := s.Supply.Next()
	if request == nil {
		s.out.Fault(errors.New("the supply of requests ran out"))
		s.out.Unsent += len(s.due)
		s.due = nil
		return nil
	}
	s.due = s.due[1:]
	if due > s.full {
		s.out.Late = append(s.out.Late, now-due)
	}
	k := s.free[0]
	s.free = s.free[1:]
	if k.fd < 0 {
		if err := l.connect(k); err != nil {
			return err
		}
	}
	k.due, k.busy, k.read = due, true, 0
	s.waiting++
	if n, err := unix.Write(k.fd, request); err != nil || n != len(request) {
		l.lost(k, fmt.Errorf("send %d bytes of a request: %w", n, err))
	}
	return nil
}

// receive reads the data of a socket.
func (l *loop) receive(k *socket) error {
	if k.fd < 0 {
		return nil // closed earlier in this turn
	}
	n, err := unix.Read(k.fd, k.buffer[k.read:])
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		return nil
	case err != nil || n == 0:
		if k.busy {
			l.lost(k, errors.Join(errEnded, err))
		} else {
			l.disconnect(k) // the server closed an idle connection; the next request opens it again
		}
		return nil
	}
	k.read += n
	a, whole, err := parse(k.buffer[:k.read])
	if err == nil && !whole && k.read < len(k.buffer) {
		return nil
	}
	s := k.stream
	if err != nil || !whole || !k.busy {
		return fmt.Errorf("%w (%d bytes)", errors.Join(errHead, err), k.read)
	}
	switch err := s.Supply.Judge(a); {
	case err == nil:
		s.out.Done++
	case errors.Is(err, openloop.ErrDeclined):
		s.out.Declined++
	default:
		s.out.Wrong++
		s.out.Fault(err)
	}
	if a.Close {
		l.disconnect(k)
	}
	l.release(k)
	return nil
}

// lost records a request whose connection broke.
func (l *loop) lost(k *socket, err error) {
	k.stream.out.Broken++
	k.stream.out.Fault(err)
	l.disconnect(k)
	l.release(k)
}

// release frees a socket and records the latency.
func (l *loop) release(k *socket) {
	s := k.stream
	s.out.Latency = append(s.out.Latency, time.Since(l.start)-k.due)
	k.busy, k.read = false, 0
	s.waiting--
	s.free = append(s.free, k)
}

// giveUp counts the requests that are not sent or not answered at the end.
func (l *loop) giveUp(now time.Duration) {
	for _, s := range l.streams {
		s.out.GiveUp(s.due, now)
	}
	for _, k := range l.sockets {
		if k.busy {
			k.stream.out.Unanswered++
			k.stream.out.Latency = append(k.stream.out.Latency, now-k.due)
		}
	}
}

func (l *loop) sortedTurns() []time.Duration {
	slices.Sort(l.turns)
	return l.turns
}
