package main

import (
	"encoding/binary"
	"net"
	"sync"
	"time"
)

// faultyListener is the listener of one in-process broker and controls its traffic. While frozen it
// accepts connections and passes no data, like a hung process; data sent meanwhile arrives after
// the thaw.
type faultyListener struct {
	net.Listener

	mu       sync.Mutex
	conns    map[*faultyConn]struct{}
	thaw     chan struct{}            // closed: not frozen
	delay    time.Duration            // of all data read
	isolated map[string]chan struct{} // by client ID: no data passes until the channel is closed
}

func newFaultyListener(l net.Listener) *faultyListener {
	open := make(chan struct{})
	close(open)
	return &faultyListener{Listener: l, conns: map[*faultyConn]struct{}{}, thaw: open, isolated: map[string]chan struct{}{}}
}

func (g *faultyListener) Accept() (net.Conn, error) {
	c, err := g.Listener.Accept()
	if err != nil {
		return nil, err
	}
	gated := &faultyConn{Conn: c, gate: g, closed: make(chan struct{})}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.conns[gated] = struct{}{}
	return gated, nil
}

// freeze stops all traffic until the returned function is called.
func (g *faultyListener) freeze() (thaw func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	shut := make(chan struct{})
	g.thaw = shut
	return func() { close(shut) }
}

// slow delays all data from clients; 0 ends that.
func (g *faultyListener) slow(delay time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.delay = delay
}

// cut resets every connection.
func (g *faultyListener) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.conns {
		if tcp, ok := c.Conn.(*net.TCPConn); ok {
			tcp.SetLinger(0) // a reset instead of an orderly close
		}
		c.Conn.Close()
	}
}

// isolate stops the traffic of one client, by its Kafka client ID, until the returned function is called. Other
// clients of the broker notice nothing.
func (g *faultyListener) isolate(client string) (heal func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	shut := make(chan struct{})
	g.isolated[client] = shut
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.isolated[client] == shut {
			delete(g.isolated, client)
		}
		close(shut)
	}
}

// pass waits until traffic may continue; false means that the connection was closed.
func (g *faultyListener) pass(c *faultyConn, delayed bool) bool {
	g.mu.Lock()
	waits, delay := []chan struct{}{g.thaw}, g.delay
	if shut := g.isolated[c.client]; shut != nil {
		waits = append(waits, shut)
	}
	g.mu.Unlock()
	for _, open := range waits {
		select {
		case <-open:
		case <-c.closed:
			return false
		}
	}
	if delayed && delay > 0 {
		select {
		case <-time.After(delay):
		case <-c.closed:
			return false
		}
	}
	return true
}

type faultyConn struct {
	net.Conn
	gate   *faultyListener
	client string // Kafka client ID, from the first request; gate.mu guards it
	named  bool   // the first request was read
	first  []byte // its bytes so far; both of the reading goroutine
	once   sync.Once
	closed chan struct{}
}

func (c *faultyConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && !c.named {
		c.readName(b[:n])
	}
	if n > 0 && !c.gate.pass(c, true) {
		return 0, net.ErrClosed
	}
	return n, err
}

func (c *faultyConn) Write(b []byte) (int, error) {
	if !c.gate.pass(c, false) {
		return 0, net.ErrClosed
	}
	return c.Conn.Write(b)
}

func (c *faultyConn) Close() error {
	c.once.Do(func() {
		close(c.closed)
		c.gate.mu.Lock()
		defer c.gate.mu.Unlock()
		delete(c.gate.conns, c)
	})
	return c.Conn.Close()
}

// readName reads the client ID from the first request, which may arrive in pieces. A request begins with its length
// (4 bytes), key (2), version (2) and correlation (4); the ID follows with its own length (2).
func (c *faultyConn) readName(piece []byte) {
	const at = 12
	if c.first = append(c.first, piece...); len(c.first) < at+2 {
		return
	}
	end := at + 2 + int(binary.BigEndian.Uint16(c.first[at:]))
	if end <= at+2+255 && len(c.first) < end {
		return
	}
	c.named = true
	if end <= len(c.first) {
		c.gate.mu.Lock()
		c.client = string(c.first[at+2 : end])
		c.gate.mu.Unlock()
	}
	c.first = nil
}
