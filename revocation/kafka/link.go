// Package kafka opens the connections to Kafka that follower and publisher
// use. It promises that every wait on a broker has a bound, also when the broker
// accepts connections and then says nothing, as a stopped process does; and that
// a broker that is silent does not keep the link from one that is not.
//
// It does not repeat calls, and it does not know what the messages mean.
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

// metadataTTL is how stale the knowledge of who leads a partition may be:
// kafka-go does not refresh it when a broker says it is no longer leader. It is
// also how long kafka-go waits for the answer, so a slower path to the brokers
// than this does not work.
const metadataTTL = 500 * time.Millisecond

// ErrClosed answers every call on a link after Close.
var ErrClosed = errors.New("kafka: the link is closed")

// Config says where Kafka is and how to enter. Links can be opened from one
// Config again and again; each reads the files of Security anew.
type Config struct {
	Brokers  []string // first brokers to ask, host:port; one that answers is enough
	Topic    string   // the only topic whose leaders the link knows
	ClientID string   // stands in the brokers' logs
	Security Security // zero: plaintext, nobody is authenticated
}

// Link is a client of one topic with a connection pool of its own. It is safe
// for concurrent use.
//
// A link heals by itself: when the broker that is asked for metadata falls
// silent, kafka-go drops the connection after metadataTTL and dials another; when
// a leader does, each call that is sent there fails within its own deadline, and
// each further one within the greeting's, until metadata names the next leader.
// A new link in its place is not faster, for it begins with the same steps. It
// still is the remedy for a pool that misbehaves in a way nobody thought of.
type Link struct {
	*kafka.Client
	dialer    *dialer
	transport *kafka.Transport
	kept      *metadata.Request // answered from what the transport knows
	cancel    context.CancelFunc
}

// Open prepares a link; nothing is dialled before the first call. Metadata is
// asked for the one topic only, so a large shared cluster costs nothing. An
// error is a mistake in c or in the files it names.
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
		kept: &metadata.Request{TopicNames: []string{c.Topic}}}
	l.transport = &kafka.Transport{
		// TLS and SASL are not given to kafka-go: the dialer does both.
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

// Close drops all connections and ends the goroutines behind them. Calls in
// flight end with an error. It does not wait for any broker.
func (l *Link) Close() {
	l.cancel()
	l.dialer.close()
	l.transport.CloseIdleConnections()
}

// RoundTrip is how the client's calls reach the transport. When no broker could
// yet be asked who leads the topic, kafka-go only says that there is no such
// topic. The reason, such as a refused password, it tells to who asks for the
// metadata that it keeps; so that is asked, which costs no call, and added.
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
	if _, why := l.transport.RoundTrip(ctx, addr, l.kept); why != nil && !errors.Is(err, why) {
		return nil, fmt.Errorf("%w (no broker tells who leads: %w)", err, why)
	}
	return nil, err
}

// DroppedBatches counts the record batches that arrived as they were sent, and that
// were made to do harm: they claim more records than they hold, or unpack to
// more than any message of ours. Each is stepped over as if compaction had
// emptied it. Only somebody who may write to the topic can make one.
func (l *Link) DroppedBatches() uint64 { return l.dialer.dropped.Load() }
