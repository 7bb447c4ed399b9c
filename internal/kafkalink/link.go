// Package kafkalink opens the connections to Kafka that follower and publisher
// use: every wait on them has a bound, also against a broker that accepts a
// connection and then says nothing.
package kafkalink

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

const (
	// dialTimeout bounds connecting, version negotiation included.
	dialTimeout = 3 * time.Second
	// readTimeout bounds every single read. It must exceed the longest time that a
	// broker may hold a fetch back (stream.MaxWait), or idle topics look dead.
	readTimeout = 3 * time.Second
	// metadataTTL is how stale the knowledge of who leads a partition may be:
	// kafka-go does not refresh it when a broker says it is no longer leader.
	metadataTTL = 500 * time.Millisecond
)

// Link is a client of one topic with a connection pool of its own.
type Link struct {
	*kafka.Client
	transport *kafka.Transport
}

// Open prepares a link; nothing is dialled before the first call. Metadata is
// asked for the one topic only, so a large shared cluster costs nothing.
func Open(brokers []string, topic, clientID string) *Link {
	t := &kafka.Transport{
		Dial:           dial,
		DialTimeout:    dialTimeout,
		MetadataTTL:    metadataTTL,
		MetadataTopics: []string{topic},
		ClientID:       clientID,
	}
	return &Link{Client: &kafka.Client{Addr: kafka.TCP(brokers...), Transport: t}, transport: t}
}

// Close drops the idle connections and ends the pool's goroutines.
func (l *Link) Close() { l.transport.CloseIdleConnections() }

func dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTimeout}
	c, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &boundedConn{Conn: c}, nil
}

// boundedConn gives every read a deadline. kafka-go leaves some of its reads
// without one; a frozen broker would then hold a caller for ever.
type boundedConn struct {
	net.Conn

	mu    sync.Mutex
	asked time.Time // the deadline kafka-go asked for; zero: none
}

func (c *boundedConn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

func (c *boundedConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = t
	return c.Conn.SetReadDeadline(t)
}

func (c *boundedConn) Read(b []byte) (int, error) {
	limit := time.Now().Add(readTimeout)
	c.mu.Lock()
	if c.asked.IsZero() || c.asked.After(limit) {
		c.Conn.SetReadDeadline(limit)
	}
	c.mu.Unlock()
	return c.Conn.Read(b)
}
