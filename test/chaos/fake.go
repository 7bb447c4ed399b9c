package main

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

const fakeBrokers = 3

// fake is an in-process cluster of brokers, each with a [faultyListener]. It stores one copy of the
// topic: it shows the effect on clients, not on replication.
type fake struct {
	cluster   *kfake.Cluster
	topic     string
	bootstrap []string

	mu        sync.Mutex
	listeners map[string]*faultyListener // by address
	restarts  int
}

func startFake(topic string) (*fake, error) {
	f := &fake{topic: topic, listeners: map[string]*faultyListener{}}
	var err error
	f.cluster, err = kfake.NewCluster(kfake.NumBrokers(fakeBrokers), kfake.ListenFn(f.listen))
	if err != nil {
		return nil, err
	}
	f.bootstrap = f.cluster.ListenAddrs()
	return f, nil
}

func (f *fake) listen(network, address string) (net.Listener, error) {
	l, err := net.Listen(network, address)
	if err != nil {
		return nil, err
	}
	g := newFaultyListener(l)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.listeners[l.Addr().String()] = g
	return g, nil
}

// listener returns the listener of a node; nodes keep their number and address.
func (f *fake) listener(node int32) *faultyListener {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.listeners[f.bootstrap[node]]
}

// Restart looks to clients like a restart: connections are reset, and for a moment the broker does
// not answer.
func (f *fake) Restart(ctx context.Context) error {
	f.mu.Lock()
	g := f.listeners[f.bootstrap[f.restarts%fakeBrokers]]
	f.restarts++
	f.mu.Unlock()
	defer g.freeze()()
	g.cut()
	sleep(ctx, time.Second)
	return nil
}

func (f *fake) Name() string        { return "three in-process brokers" }
func (f *fake) Bootstrap() []string { return f.bootstrap }
func (f *fake) Replication() int    { return 1 }
func (f *fake) Close()              { f.cluster.Close() }

// faultyListener is the listener of one in-process broker and controls its traffic. While frozen it
// accepts connections and passes no data, like a hung process; data sent meanwhile arrives after
// the thaw.
type faultyListener struct {
	net.Listener

	mu    sync.Mutex
	conns map[*faultyConn]struct{}
	thaw  chan struct{} // closed: not frozen
	delay time.Duration // of all data read
}

func newFaultyListener(l net.Listener) *faultyListener {
	open := make(chan struct{})
	close(open)
	return &faultyListener{Listener: l, conns: map[*faultyConn]struct{}{}, thaw: open}
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

// pass waits until traffic may continue; false means that the connection was closed.
func (g *faultyListener) pass(c *faultyConn, delayed bool) bool {
	g.mu.Lock()
	thaw, delay := g.thaw, g.delay
	g.mu.Unlock()
	select {
	case <-thaw:
	case <-c.closed:
		return false
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
	once   sync.Once
	closed chan struct{}
}

func (c *faultyConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
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
