package main

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

const fakeBrokers = 3

// fake is an in-process cluster of brokers, each behind a gate. It keeps one
// copy of the topic, so it shows what clients go through, not what replication does.
type fake struct {
	cluster   *kfake.Cluster
	topic     string
	bootstrap []string

	mu       sync.Mutex
	gates    map[string]*gate // by address
	restarts int
}

func startFake(topic string) (*fake, error) {
	f := &fake{topic: topic, gates: map[string]*gate{}}
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
	g := newGate(l)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gates[l.Addr().String()] = g
	return g, nil
}

// gate finds the gate of a node; nodes keep their number and address for life.
func (f *fake) gate(node int32) *gate {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.gates[f.bootstrap[node]]
}

// Restart is what clients see of one: their connections are reset, and for a
// moment nobody answers.
func (f *fake) Restart(ctx context.Context) error {
	f.mu.Lock()
	g := f.gates[f.bootstrap[f.restarts%fakeBrokers]]
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

// gate stands in front of one in-process broker and decides what passes.
// Frozen, it accepts connections and lets nothing through, as a hung process
// does; what was sent meanwhile arrives when it thaws.
type gate struct {
	net.Listener

	mu    sync.Mutex
	conns map[*gatedConn]struct{}
	thaw  chan struct{} // closed: not frozen
	delay time.Duration // of everything that is read
}

func newGate(l net.Listener) *gate {
	open := make(chan struct{})
	close(open)
	return &gate{Listener: l, conns: map[*gatedConn]struct{}{}, thaw: open}
}

func (g *gate) Accept() (net.Conn, error) {
	c, err := g.Listener.Accept()
	if err != nil {
		return nil, err
	}
	gated := &gatedConn{Conn: c, gate: g, closed: make(chan struct{})}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.conns[gated] = struct{}{}
	return gated, nil
}

// freeze stops all traffic until the returned function is called.
func (g *gate) freeze() (thaw func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	shut := make(chan struct{})
	g.thaw = shut
	return func() { close(shut) }
}

// slow delays everything that clients send; 0 ends that.
func (g *gate) slow(delay time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.delay = delay
}

// cut resets every connection.
func (g *gate) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.conns {
		if tcp, ok := c.Conn.(*net.TCPConn); ok {
			tcp.SetLinger(0) // a reset, not an orderly end
		}
		c.Conn.Close()
	}
}

// pass waits until traffic may go on; false means that the connection closed first.
func (g *gate) pass(c *gatedConn, delayed bool) bool {
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

type gatedConn struct {
	net.Conn
	gate   *gate
	once   sync.Once
	closed chan struct{}
}

func (c *gatedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && !c.gate.pass(c, true) {
		return 0, net.ErrClosed
	}
	return n, err
}

func (c *gatedConn) Write(b []byte) (int, error) {
	if !c.gate.pass(c, false) {
		return 0, net.ErrClosed
	}
	return c.Conn.Write(b)
}

func (c *gatedConn) Close() error {
	c.once.Do(func() {
		close(c.closed)
		c.gate.mu.Lock()
		defer c.gate.mu.Unlock()
		delete(c.gate.conns, c)
	})
	return c.Conn.Close()
}
