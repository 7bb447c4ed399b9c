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

// phase is the state of a connection.
type phase uint8

const (
	opened    phase = iota // no byte of its first request has arrived
	receiving              // a request has begun
	answering              // an answer has begun; the next Read waits for a new request
)

// never is the deadline of a connection that has none.
const never = time.Duration(math.MaxInt64)

// Conn is a server's connection that enforces [Limits]; the server sets no deadlines.
// It separates requests by the server's calls: reads up to the next write are one
// request, writes up to the next read one answer. It would take 100 Continue for an
// answer.
//
// Conn passes on one request at a time: bytes that arrived with the previous request
// wait until that one is answered. The server then finds nothing to read when it has
// written an answer, and flushes the answer at once. A connection whose client
// pipelines yields the processor before each request that it takes from these bytes,
// so other connections get their turn however much one client sends.
//
// Of a chunked body, Conn passes on only bytes framed as in RFC 9112 section 7.1,
// without a trailer section; [Conn.Fault] returns the fault.
//
// Deadlines are lazy. The deadline set on the inner connection may belong to an
// earlier wait: it may be too early, but never too late. When it strikes early, Conn
// sets the right one and continues to wait. A connection whose requests arrive in one
// piece sets a read deadline every Limits.Idle, others two every Limits.Read.
//
// Unlike with other connections, Read and Write must not be called concurrently.
// Close may be called at any time.
type Conn struct {
	net.Conn
	limits *Limits
	clock  *clock

	// Kept is for the server's use, for the life of the connection.
	Kept any

	// used by the goroutine that reads and writes
	phase                phase
	late                 bool
	frame                frame
	fault                Fault
	ahead                []byte  // bytes that arrived with an earlier request; part of buffer
	buffer               *[]byte // the memory of ahead; nil if ahead is empty
	pipelined            bool
	readDue, readArmed   time.Duration // the end of the wait, and the deadline that is set
	writeDue, writeArmed time.Duration
	longer               time.Duration // added to the limit of the next answer
}

// Late reports whether Read returned an error because a request exceeded its limit.
func (c *Conn) Late() bool { return c.late }

// Fault returns why Read refused the body of a request; NoFault if it did not.
func (c *Conn) Fault() Fault { return c.fault }

// Whole reports whether the current request has ended, as this connection frames it. A
// server that sees another end must not continue. A connection that was never read
// reports true: it has no end that could differ.
func (c *Conn) Whole() bool { return c.frame.stage == ended || c.phase == opened }

// Pipelined reports whether the request arrived before the previous one was answered.
func (c *Conn) Pipelined() bool { return c.pipelined }

// errFraming is the error of Read for a fault in a body.
var errFraming = errors.New("edge: the body is not framed as it must be")

// buffers is a pool for bytes that arrived with an earlier request.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// Read reads within the limit of the request that it belongs to or waits for. After the
// limit it returns the inner connection's error, a net.Error whose Timeout is true; but
// io.EOF if no byte ever arrived, so the server sends no answer.
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
				err = io.ErrUnexpectedEOF // a server may take io.EOF for an orderly end
			}
			return 0, err
		}
		if was != receiving && n == len(p) {
			runtime.Gosched() // more bytes may be waiting
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

// readInner reads from the inner connection, with the right deadline.
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

// next begins a new request. It drops empty lines after the previous request.
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

// keep stores bytes that arrived with a request. No earlier bytes are stored then: the
// network is read only after all of them were passed on.
func (c *Conn) keep(b []byte) {
	if len(b) == 0 {
		return
	}
	c.buffer = buffers.Get().(*[]byte)
	*c.buffer = append((*c.buffer)[:0], b...)
	c.ahead = *c.buffer
}

// skip drops the first n stored bytes.
func (c *Conn) skip(n int) {
	if c.ahead = c.ahead[n:]; len(c.ahead) == 0 && c.buffer != nil {
		buffers.Put(c.buffer)
		c.ahead, c.buffer = nil, nil
	}
}

// LengthenAnswer adds to the limit of the answer to the current request. Call it before the answer is written.
func (c *Conn) LengthenAnswer(by time.Duration) { c.longer = by }

// Write writes within the limit of the answer that it belongs to.
func (c *Conn) Write(p []byte) (n int, err error) {
	if c.phase != answering {
		c.phase = answering
		c.writeDue = c.clock.now() + c.limits.Write + c.longer + tick
		c.longer = 0
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
