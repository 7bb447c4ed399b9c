package kafka

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// ioTimeout bounds every single read and write after a broker has greeted. It must exceed the longest time
// that a broker may delay a fetch (stream.MaxWait), otherwise idle topics look dead, and allow a leader to
// hear from its replicas. Callers that know earlier that an answer is overdue set a deadline in their
// context.
const ioTimeout = 3 * time.Second

// boundedConn sets a deadline for every read and write. kafka-go sets none for some of them; a frozen broker
// would then block a caller for ever.
type boundedConn struct {
	net.Conn
	forget func(*boundedConn) // called by Close

	mu           sync.Mutex
	bound        time.Duration
	read, writes time.Time // the requested deadlines; zero: none
}

func (c *boundedConn) setBound(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bound = d
}

func (c *boundedConn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read, c.writes = t, t
	return c.Conn.SetDeadline(t)
}

func (c *boundedConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read = t
	return c.Conn.SetReadDeadline(t)
}

func (c *boundedConn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writes = t
	return c.Conn.SetWriteDeadline(t)
}

func (c *boundedConn) Read(b []byte) (int, error) {
	c.mu.Lock()
	c.Conn.SetReadDeadline(c.earliest(c.read))
	c.mu.Unlock()
	n, err := c.Conn.Read(b)
	return n, c.expire(err)
}

func (c *boundedConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	c.Conn.SetWriteDeadline(c.earliest(c.writes))
	c.mu.Unlock()
	n, err := c.Conn.Write(b)
	return n, c.expire(err)
}

// expire fails every further read and write after one timeout: kafka-go reads on after a timeout, to discard
// the rest of an answer that will not arrive.
func (c *boundedConn) expire(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.setBound(0)
	}
	return err
}

// earliest returns the earlier of asked and the end of the bound from now. The caller holds c.mu.
func (c *boundedConn) earliest(asked time.Time) time.Time {
	limit := time.Now().Add(c.bound)
	if !asked.IsZero() && asked.Before(limit) {
		return asked
	}
	return limit
}

func (c *boundedConn) Close() error {
	c.forget(c)
	return c.Conn.Close()
}
