package edge

import (
	"net"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/internal/process"
)

// Limits are the time limits of a connection. All must be positive.
type Limits struct {
	Read  time.Duration // a whole request, header and body, from its first byte; the first request from the start of its connection
	Write time.Duration // a whole answer
	Idle  time.Duration // from an answer to the first byte of the next request
}

// Listener returns connections that enforce limits. Its clock runs from the first
// Accept to Close; connections outlive it. Accept retries until Close: see
// [process.Listener].
type Listener struct {
	*process.Listener
	limits Limits
	clock  *clock
}

// NewListener wraps inner, which should return TCP connections: a Write that timed out
// must be able to continue after a new deadline, which a tls.Conn does not allow. log
// gets the errors of Accept; nil: they are not logged.
func NewListener(inner net.Listener, limits Limits, log *zap.Logger) *Listener {
	return &Listener{Listener: process.NewListener(inner, log), limits: limits, clock: newClock()}
}

// Accept waits for the next connection, which is a [*Conn].
func (l *Listener) Accept() (net.Conn, error) {
	l.clock.run()
	inner, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.Wrap(inner), nil
}

// Wrap returns a connection that enforces the listener's limits.
func (l *Listener) Wrap(inner net.Conn) *Conn {
	return &Conn{Conn: inner, limits: &l.limits, clock: l.clock, phase: opened, readArmed: never, writeArmed: never}
}

// Close ends Accept and stops the clock. Connections stay open and enforce their
// limits.
func (l *Listener) Close() error {
	l.clock.stop()
	return l.Listener.Close()
}
