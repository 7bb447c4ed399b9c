package edge

import (
	"errors"
	"io"
	"math"
	"net"
	"os"
	"runtime"
	"sync"
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
// answer. A server that answers 100 Continue would be taken to have answered.
//
// It hands the server one request at a time: bytes that came along with the
// request before wait until that one is answered. So the server has nothing to
// read when an answer is written, and sends it at once. A connection whose client
// does not wait for answers yields the processor before each request that it
// takes from these bytes: however much one client sends, the others have their turn.
//
// Of a chunked body it passes on only what is framed as RFC 9112 section 7.1
// says, without a trailer section; Fault says what was wrong.
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
	frame                frame
	fault                Fault
	ahead                []byte  // came along with an earlier request; a part of buffer
	buffer               *[]byte // of ahead; nil if that is empty
	pipelined            bool
	readDue, readArmed   time.Duration // when the wait must end, and the deadline that is set
	writeDue, writeArmed time.Duration
}

// Late says that the time of a request is over: Read returned an error for it.
func (c *Conn) Late() bool { return c.late }

// Fault says why Read refused the body of a request; NoFault if it did not.
func (c *Conn) Fault() Fault { return c.fault }

// Whole says that the request that is being read has come to its end, as this
// connection sees it. A server that sees another end must not go on. A connection
// that was not read from has no end to disagree about.
func (c *Conn) Whole() bool { return c.frame.stage == ended || c.phase == opened }

// Pipelined says that the request was there before the last one was answered.
func (c *Conn) Pipelined() bool { return c.pipelined }

// errFraming is what Read returns for a fault in a body.
var errFraming = errors.New("edge: the body is not framed as it must be")

// buffers hold what came along with an earlier request.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// Read reads within the limit of the request that it belongs to or waits for.
// When that is over, the error is the inner connection's, a net.Error whose
// Timeout is true; but io.EOF if nothing ever came, so that nobody answers it.
func (c *Conn) Read(p []byte) (n int, err error) {
	was := c.phase
	switch {
	case c.fault != NoFault:
		return 0, errFraming
	case was == receiving && c.frame.stage == ended: // the server sees another end
		c.fault = Malformed
		return 0, errFraming
	case was == opened && c.readDue == 0:
		c.readDue = c.clock.now() + c.limits.Read + tick
	case was == answering:
		c.next()
		c.readDue = c.clock.now() + c.limits.Idle + tick
	}
	if len(c.ahead) > 0 {
		if was != receiving {
			c.pipelined = true
			runtime.Gosched()
		}
		p = p[:copy(p, c.ahead)]
		n, c.fault = c.frame.consume(p)
		c.skip(n)
	} else {
		if c.frame.stage == inLength {
			p = p[:min(len(p), c.frame.left)]
		}
		if n, err = c.readInner(p, was); n == 0 {
			if err == io.EOF && (c.frame.stage == inLength || c.frame.stage == inChunks) {
				err = io.ErrUnexpectedEOF // a server may take io.EOF for a quiet end
			}
			return 0, err
		}
		if was != receiving && n == len(p) {
			runtime.Gosched() // as much again may be waiting
		}
		whole := p[:n]
		n, c.fault = c.frame.consume(whole)
		c.keep(whole[n:])
	}
	if n == 0 {
		return 0, errFraming
	}
	c.phase = receiving
	if was == answering {
		c.readDue = c.clock.now() + c.limits.Read + tick
	}
	return n, err
}

// readInner reads from the inner connection, with the deadline set.
func (c *Conn) readInner(p []byte, was phase) (int, error) {
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
		return n, err
	}
}

// next begins a new request. Empty lines after the last one are not its beginning.
func (c *Conn) next() {
	if c.frame.stage == ended {
		c.frame.next()
	} else {
		c.frame.stage = blind // answered before its end
	}
	c.pipelined = false
	for len(c.ahead) >= 2 && c.ahead[0] == '\r' && c.ahead[1] == '\n' {
		c.skip(2)
	}
}

// keep takes what came along with a request. Nothing else is kept then: the
// network is read only when all of that has been handed out.
func (c *Conn) keep(b []byte) {
	if len(b) == 0 {
		return
	}
	c.buffer = buffers.Get().(*[]byte)
	*c.buffer = append((*c.buffer)[:0], b...)
	c.ahead = *c.buffer
}

// skip forgets the first bytes of what is kept.
func (c *Conn) skip(n int) {
	if c.ahead = c.ahead[n:]; len(c.ahead) == 0 && c.buffer != nil {
		buffers.Put(c.buffer)
		c.ahead, c.buffer = nil, nil
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
