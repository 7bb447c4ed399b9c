package edge

import (
	"net"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/internal/process"
)

// Limits are how long a connection may take. All must be positive.
type Limits struct {
	Read  time.Duration // a whole request, header and body, from its first byte; the first one from its connection
	Write time.Duration // a whole answer
	Idle  time.Duration // from an answer to the first byte of the next request
}

// Listener hands out connections that keep limits. Its clock runs from the
// first Accept to Close; connections outlive it. Accept tries again until Close:
// see [process.Listener].
type Listener struct {
	*process.Listener
	limits Limits
	clock  *clock
}

// NewListener wraps inner, which should hand out TCP connections: a Write that
// is out of time must be able to go on after a new deadline, which that of a
// tls.Conn is not. The log gets what keeps it from accepting; nil: nothing does.
func NewListener(inner net.Listener, limits Limits, log *zap.Logger) *Listener {
	return &Listener{Listener: process.NewListener(inner, log), limits: limits, clock: newClock()}
}

// Accept waits for the next connection, which is a *Conn.
func (l *Listener) Accept() (net.Conn, error) {
	l.clock.run()
	inner, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.Wrap(inner), nil
}

// Wrap makes a connection keep the listener's limits.
func (l *Listener) Wrap(inner net.Conn) *Conn {
	return &Conn{Conn: inner, limits: &l.limits, clock: l.clock, phase: opened, readArmed: never, writeArmed: never}
}

// Close ends Accept and the ticking of the clock. Connections stay open and
// keep their limits.
func (l *Listener) Close() error {
	l.clock.stop()
	return l.Listener.Close()
}
