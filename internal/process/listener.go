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

// Listen opens a TCP listener. Its error contains the name of the setting.
func Listen(setting, address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	return l, nil
}

// ListenBoth opens the listeners of the settings listen and admin, or neither. Both
// continue accepting after errors and log them, see [Listener].
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

// ServeHTTP runs a server until ctx ends. It then waits at most drain for the requests in
// progress.
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
	// shortestPause is the pause after the first error. It doubles with every further
	// error. It is short because a descriptor may be free again very soon.
	shortestPause = 5 * time.Millisecond
	// longestPause bounds the delay of a connection after resources are available again.
	longestPause = time.Second
	// acceptLogEvery is the time between two log lines about errors.
	acceptLogEvery = time.Minute
)

// Listener continues accepting after errors. Accept fails in a process without a free
// descriptor or memory for another connection, and servers stop after errors of Accept
// that they do not know. A Listener ends only when it is closed.
//
// Accept returns an error only after the listener was closed. Between two attempts it
// waits at most 1 s. A failing listener logs one line per minute.
type Listener struct {
	net.Listener
	log    *zap.Logger
	errors atomic.Uint64

	closing sync.Once
	closed  chan struct{}

	mu       sync.Mutex // protects the fields below
	logged   time.Time  // last log line about errors
	announce bool       // log the end of the errors
}

// NewListener wraps inner, or returns it if it is a Listener already. A nil log disables
// logging.
func NewListener(inner net.Listener, log *zap.Logger) *Listener {
	if l, ok := inner.(*Listener); ok {
		return l
	}
	if log == nil {
		log = zap.NewNop()
	}
	return &Listener{Listener: inner, log: log, closed: make(chan struct{})}
}

// Errors returns the number of failed attempts to accept a connection.
func (l *Listener) Errors() uint64 { return l.errors.Load() }

// Accept waits for the next connection. Its only error is net.ErrClosed.
func (l *Listener) Accept() (net.Conn, error) {
	for pause := shortestPause; ; pause = min(2*pause, longestPause) {
		conn, err := l.Listener.Accept()
		if err == nil {
			l.recovered()
			return conn, nil
		}
		if errors.Is(err, net.ErrClosed) {
			return nil, net.ErrClosed
		}
		l.failed(err)
		select {
		case <-time.After(pause):
		case <-l.closed:
			return nil, net.ErrClosed
		}
	}
}

// Close closes the listener. It also ends an Accept that waits for its next attempt.
func (l *Listener) Close() error {
	l.closing.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

func (l *Listener) failed(err error) {
	total := l.errors.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); l.logged.IsZero() || now.Sub(l.logged) >= acceptLogEvery {
		l.logged, l.announce = now, true
		l.log.Error("cannot accept connections; retrying", zap.Stringer("listener", l.Addr()),
			zap.Uint64("failed", total), zap.Error(err))
	}
}

// recovered logs the end of the errors if they were logged.
func (l *Listener) recovered() {
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

// reserved is the number of descriptors that are not available for connections of the
// public listener: for the admin listener, brokers, files, and a connection that is
// being rejected.
const reserved = 64

// Connections returns how many of the wanted connections fit into a limit of
// descriptors. All fit if the limit is 0, which means unknown. Half of a very low limit
// is available for connections.
func Connections(wanted int, descriptors uint64) int {
	if descriptors == 0 || descriptors >= uint64(wanted)+reserved {
		return wanted
	}
	return int(max(1, descriptors/2, descriptors-min(descriptors, reserved)))
}
