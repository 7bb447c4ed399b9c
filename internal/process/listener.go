package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// Listen opens a TCP listener and says which setting was at fault if it cannot.
func Listen(setting, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	return l, nil
}

// ListenBoth opens the listeners of the settings listen and admin, or neither.
// Both go on accepting after errors, which log gets: see [Listener].
func ListenBoth(listen, admin string, log *zap.Logger) (public, operators net.Listener, err error) {
	if public, err = Listen("listen", listen); err != nil {
		return nil, nil, err
	}
	if operators, err = Listen("admin", admin); err != nil {
		public.Close()
		return nil, nil, err
	}
	return NewListener(public, log), NewListener(operators, log), nil
}

// ServeHTTP runs a server until ctx ends, then finishes the requests at hand
// for at most drain.
func ServeHTTP(ctx context.Context, s *http.Server, l net.Listener, drain time.Duration) error {
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	bounded, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	if err := s.Shutdown(bounded); err != nil {
		s.Close()
	}
	<-failed
	return nil
}

const (
	// shortestPause is the wait after the first error, which doubles with each one
	// after it: a descriptor may be free at once.
	shortestPause = 5 * time.Millisecond
	// longestPause bounds how late a connection is taken once there is room.
	longestPause = time.Second
	// acceptLogEvery is the time between two lines about failing.
	acceptLogEvery = time.Minute
)

// Listener keeps a server accepting. A process that has no descriptor or no memory for
// one more connection fails in Accept, and servers stop serving on errors of Accept that
// they do not know; here only closing the listener ends it.
//
// It promises: Accept returns an error only once the listener is closed; between two
// tries it waits, 1 s at most; one failing listener logs one line a minute.
type Listener struct {
	net.Listener
	log    *zap.Logger
	errors atomic.Uint64

	closing sync.Once
	closed  chan struct{}

	mu       sync.Mutex // of what was logged
	logged   time.Time
	announce bool // that accepting works again
}

// NewListener wraps inner, or returns it if it is a Listener already. A nil log says
// nothing.
func NewListener(inner net.Listener, log *zap.Logger) *Listener {
	if l, ok := inner.(*Listener); ok {
		return l
	}
	if log == nil {
		log = zap.NewNop()
	}
	return &Listener{Listener: inner, log: log, closed: make(chan struct{})}
}

// Errors is how many times accepting a connection has failed.
func (l *Listener) Errors() uint64 { return l.errors.Load() }

// Accept waits for the next connection. Its only error is net.ErrClosed.
func (l *Listener) Accept() (net.Conn, error) {
	for pause := shortestPause; ; pause = min(2*pause, longestPause) {
		conn, err := l.Listener.Accept()
		if err == nil {
			l.works()
			return conn, nil
		}
		if errors.Is(err, net.ErrClosed) {
			return nil, net.ErrClosed
		}
		l.fails(err)
		select {
		case <-time.After(pause):
		case <-l.closed:
			return nil, net.ErrClosed
		}
	}
}

// Close ends Accept, also one that waits to try again.
func (l *Listener) Close() error {
	l.closing.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

func (l *Listener) fails(err error) {
	total := l.errors.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); l.logged.IsZero() || now.Sub(l.logged) >= acceptLogEvery {
		l.logged, l.announce = now, true
		l.log.Error("cannot accept connections; trying again", zap.Stringer("listener", l.Addr()),
			zap.Uint64("failed", total), zap.Error(err))
	}
}

// works logs the end of a period whose beginning was logged.
func (l *Listener) works() {
	if l.errors.Load() == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.announce {
		l.announce = false
		l.log.Info("accepting connections again", zap.Stringer("listener", l.Addr()), zap.Uint64("failed", l.errors.Load()))
	}
}

// reserved descriptors are not for connections of the public listener: the admin
// listener, the brokers, files, and the one connection that is being refused.
const reserved = 64

// Connections is how many of the wanted connections a limit on descriptors has
// room for. A limit of 0 is unknown and has room for all; of a very low one,
// half is for connections.
func Connections(wanted int, descriptors uint64) int {
	if descriptors == 0 || descriptors >= uint64(wanted)+reserved {
		return wanted
	}
	return int(max(1, descriptors/2, descriptors-min(descriptors, reserved)))
}
