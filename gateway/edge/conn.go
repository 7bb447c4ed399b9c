package edge

import (
	"errors"
	"io"
	"math"
	"net"
	"os"
	"time"
)

// phase is what a connection is about.
type phase uint8

const (
	opened    phase = iota // no byte of its first request is there
	receiving              // a request has begun
	answering              // an answer has begun; who reads next waits for a new request
)

// never is the deadline of a connection that has none.
const never = time.Duration(math.MaxInt64)

// Conn is a server's connection that keeps Limits by itself; whoever serves it
// sets no deadlines. It tells a request from the next by what the server does:
// reads up to the next write are one request, writes up to the next read one
// answer.
//
// That is exact for a client that waits for answers. Of requests sent without
// waiting, all that are read before the first answer is written share one Read
// limit; and one whose beginning came along with the request before has the Idle
// limit for its next bytes, no more than its client has by sending nothing. A
// server that answers 100 Continue would be taken to have answered.
//
// Deadlines are lazy. The one that is set on the inner connection may be that of
// an earlier wait, and so too early, never too late; when it strikes early, the
// right one is set and the wait goes on. So a connection whose requests come in
// one piece sets a read deadline every Limits.Idle, others two every Limits.Read.
//
// Unlike other connections, Read and Write must not be called at the same time.
// Close may be called at any time.
type Conn struct {
	net.Conn
	limits *Limits
	clock  *clock

	// Kept is the server's own, for as long as the connection lives.
	Kept any

	// of the goroutine that reads and writes
	phase                phase
	late                 bool
	readDue, readArmed   time.Duration // when the wait must end, and the deadline that is set
	writeDue, writeArmed time.Duration
}

// Late says that the time of a request is over: Read returned an error for it.
func (c *Conn) Late() bool { return c.late }

// Read reads within the limit of the request that it belongs to or waits for.
// When that is over, the error is the inner connection's, a net.Error whose
// Timeout is true; but io.EOF if nothing ever came, so that nobody answers it.
func (c *Conn) Read(p []byte) (int, error) {
	was := c.phase
	switch was {
	case opened:
		if c.readDue == 0 {
			c.readDue = c.clock.now() + c.limits.Read + tick
		}
	case answering:
		c.readDue = c.clock.now() + c.limits.Idle + tick
	}
	for {
		if c.readArmed > c.readDue {
			if err := c.armRead(); err != nil {
				return 0, err
			}
		}
		n, err := c.Conn.Read(p)
		if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
			switch {
			case c.readArmed < c.readDue:
				c.readArmed = never
				continue
			case was == opened:
				return 0, io.EOF
			}
			c.late = true
		}
		if n > 0 {
			c.phase = receiving
			if was == answering {
				c.readDue = c.clock.now() + c.limits.Read + tick
			}
		}
		return n, err
	}
}

// Write writes within the limit of the answer that it belongs to.
func (c *Conn) Write(p []byte) (n int, err error) {
	if c.phase != answering {
		c.phase = answering
		c.writeDue = c.clock.now() + c.limits.Write + tick
	}
	for {
		if c.writeArmed > c.writeDue {
			if err := c.armWrite(); err != nil {
				return n, err
			}
		}
		m, err := c.Conn.Write(p[n:])
		n += m
		if n < len(p) && c.writeArmed < c.writeDue && errors.Is(err, os.ErrDeadlineExceeded) {
			c.writeArmed = never
			continue
		}
		return n, err
	}
}

func (c *Conn) armRead() error {
	c.readArmed = c.readDue
	return c.Conn.SetReadDeadline(c.clock.at(c.readDue))
}

func (c *Conn) armWrite() error {
	c.writeArmed = c.writeDue
	return c.Conn.SetWriteDeadline(c.clock.at(c.writeDue))
}
