// Package kafka opens the connections to Kafka that follower and publisher use. It promises that every wait
// on a broker has a timeout, also when the broker accepts connections and never answers, like a stopped
// process, and that a silent broker does not keep the link from a working one.
//
// It does not repeat calls, and it does not interpret messages.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/metadata"
)

// metadataTTL is how old the cached leaders of partitions may be: kafka-go does not refresh them when a
// broker answers that it is no longer leader. It is also how long kafka-go waits for the answer, so a path to
// the brokers that is slower than this does not work.
const metadataTTL = 500 * time.Millisecond

// ErrClosed is returned by every call on a link after Close.
var ErrClosed = errors.New("kafka: the link is closed")

// Config says where Kafka is and how to connect. Links can be opened from one Config repeatedly; each reads
// the files of Security again.
type Config struct {
	Brokers  []string // brokers to connect to first, host:port; one that answers is enough
	Topic    string   // the only topic whose leaders the link knows
	ClientID string   // name in the brokers' logs
	Security Security // zero: plaintext without authentication
}

// Link is a client of one topic with its own connection pool. It is safe for concurrent use.
//
// A link recovers by itself. When the broker that receives metadata requests stops answering, kafka-go drops
// the connection after metadataTTL and dials another. When a leader stops answering, each call to it fails
// within the call's deadline, and each further call within the timeout of the greeting, until metadata names
// the next leader. A new link is not faster, because it begins with the same steps. It is the remedy for
// faults of a pool that this package does not handle.
type Link struct {
	*kafka.Client
	dialer         *dialer
	transport      *kafka.Transport
	cachedMetadata *metadata.Request // answered from the transport's cache
	cancel         context.CancelFunc
}

// Open prepares a link; the first call dials. Metadata is requested for the one topic only, so a large shared
// cluster costs nothing. An error is a mistake in c or in the files it names.
func Open(c Config) (*Link, error) {
	if len(c.Brokers) == 0 {
		return nil, errors.New("kafka: no broker is named")
	}
	for _, b := range c.Brokers {
		if _, _, err := net.SplitHostPort(b); err != nil {
			return nil, fmt.Errorf("kafka: a broker must be host:port: %w", err)
		}
	}
	creds, faults := c.Security.load()
	if len(faults) > 0 {
		return nil, fmt.Errorf("kafka: %w", errors.Join(faults...))
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &Link{cancel: cancel, dialer: newDialer(ctx, c.Brokers, c.ClientID, creds),
		cachedMetadata: &metadata.Request{TopicNames: []string{c.Topic}}}
	l.transport = &kafka.Transport{
		// TLS and SASL are not passed to kafka-go: the dialer does both.
		Dial:           l.dialer.dial,
		DialTimeout:    dialTimeout,
		MetadataTTL:    metadataTTL,
		MetadataTopics: []string{c.Topic},
		ClientID:       c.ClientID,
		Context:        ctx,
	}
	l.Client = &kafka.Client{Addr: anyBroker{}, Transport: l}
	return l, nil
}

// Close closes all connections and ends their goroutines. Calls in progress end with an error. It does not
// wait for any broker.
func (l *Link) Close() {
	l.cancel()
	l.dialer.close()
	l.transport.CloseIdleConnections()
}

// RoundTrip passes the client's calls to the transport. While no broker has answered a metadata request yet,
// kafka-go only returns that there is no such topic. It returns the reason, such as a refused password, for a
// request of the cached metadata; RoundTrip makes that request, which costs no call to a broker, and adds the
// reason.
func (l *Link) RoundTrip(ctx context.Context, addr net.Addr, req kafka.Request) (kafka.Response, error) {
	if l.dialer.ctx.Err() != nil {
		return nil, ErrClosed
	}
	r, err := l.transport.RoundTrip(ctx, addr, req)
	switch {
	case err == nil:
		return r, nil
	case l.dialer.ctx.Err() != nil:
		return nil, fmt.Errorf("%w: %w", ErrClosed, err)
	case ctx.Err() != nil:
		return nil, err
	}
	if _, why := l.transport.RoundTrip(ctx, addr, l.cachedMetadata); why != nil && !errors.Is(err, why) {
		return nil, fmt.Errorf("%w (no broker names the leaders: %w)", err, why)
	}
	return nil, err
}

// DroppedBatches counts the record batches with a valid checksum that were made to do harm: they claim more
// records than they contain, or decompress to more than any control message. Each is skipped as if compaction
// had emptied it. Only a program that may write to the topic can make one.
func (l *Link) DroppedBatches() uint64 { return l.dialer.dropped.Load() }
