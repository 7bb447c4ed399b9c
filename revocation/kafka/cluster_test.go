package kafka_test

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/railgate/railgate/revocation/kafka"
)

const topic = "railgate.control"

// cluster is three brokers that can be frozen one by one, like with SIGSTOP: the kernel still accepts
// connections and bytes, but no answer is sent.
type cluster struct {
	*kfake.Cluster
	nodes []*node
	// asked is the broker that received the newest metadata request, or -1.
	asked atomic.Int32
}

func newCluster(t *testing.T, opts ...kfake.Opt) *cluster {
	t.Helper()
	c := &cluster{}
	c.asked.Store(-1)
	listen := func(network, address string) (net.Listener, error) {
		l, err := net.Listen(network, address)
		if err != nil {
			return nil, err
		}
		n := &node{Listener: l, ended: make(chan struct{})}
		c.nodes = append(c.nodes, n)
		return n, nil
	}
	opts = append([]kfake.Opt{kfake.NumBrokers(3), kfake.SeedTopics(1, topic), kfake.ListenFn(listen)}, opts...)
	var err error
	if c.Cluster, err = kfake.NewCluster(opts...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, n := range c.nodes {
			n.thaw()
		}
		c.Close()
	})
	c.ControlKey(int16(kmsg.Metadata), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		c.asked.Store(c.CurrentNode())
		return nil, nil, false
	})
	return c
}

func (c *cluster) leadBy(t *testing.T, node int) {
	t.Helper()
	if err := c.MoveTopicPartition(topic, 0, int32(node)); err != nil {
		t.Fatal(err)
	}
}

// config returns a configuration that lists the brokers starting with the given one.
func (c *cluster) config(first int) kafka.Config {
	all := c.ListenAddrs()
	return kafka.Config{Brokers: append(all[first:len(all):len(all)], all[:first]...), Topic: topic, ClientID: "test"}
}

func open(t *testing.T, c kafka.Config) *kafka.Link {
	t.Helper()
	l, err := kafka.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// fetch makes one call and returns its error.
func fetch(ctx context.Context, l *kafka.Link) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return fetchBound(ctx, l)
}

// fetchBound waits until ctx ends.
func fetchBound(ctx context.Context, l *kafka.Link) error {
	r, err := l.Fetch(ctx, &kafkago.FetchRequest{Topic: topic, MinBytes: 1, MaxBytes: 1 << 20, MaxWait: maxWait})
	if err != nil {
		return err
	}
	return r.Error
}

// node is a broker's listener; its connections freeze with it.
type node struct {
	net.Listener
	accepted atomic.Int32
	once     sync.Once
	ended    chan struct{}

	mu     sync.Mutex
	frozen chan struct{} // closed by thaw; nil: the broker runs
}

func (n *node) freeze() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.frozen = make(chan struct{})
}

func (n *node) thaw() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.frozen != nil {
		close(n.frozen)
		n.frozen = nil
	}
}

// run returns when the broker is not frozen, or when end is closed.
func (n *node) run(end <-chan struct{}) {
	for {
		n.mu.Lock()
		frozen := n.frozen
		n.mu.Unlock()
		if frozen == nil {
			return
		}
		select {
		case <-frozen:
		case <-end:
			return
		}
	}
}

func (n *node) Accept() (net.Conn, error) {
	c, err := n.Listener.Accept()
	n.run(n.ended)
	if err != nil {
		return nil, err
	}
	n.accepted.Add(1)
	return &nodeConn{Conn: c, node: n, ended: make(chan struct{})}, nil
}

func (n *node) Close() error {
	n.once.Do(func() { close(n.ended) })
	return n.Listener.Close()
}

type nodeConn struct {
	net.Conn
	node  *node
	once  sync.Once
	ended chan struct{}
}

// Read may have begun before the freeze, so it checks again when it returns.
func (c *nodeConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.node.run(c.ended)
	return n, err
}

func (c *nodeConn) Write(b []byte) (int, error) {
	c.node.run(c.ended)
	return c.Conn.Write(b)
}

func (c *nodeConn) Close() error {
	c.once.Do(func() { close(c.ended) })
	return c.Conn.Close()
}
