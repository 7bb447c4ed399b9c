// Package exchange tells the passages of this gateway to all others, and reads theirs: the topic
// railgate.passages in Kafka. [Exchange.Record] puts a passage into a bounded queue, off the path of the check;
// a [Writer] signs and sends what waits, and a [Reader] merges the batches of all gateways into this gateway's
// table and list of conflicts. [Exchange.Reach] says how much a verdict about second use can know.
//
// It promises: no check waits for it; a passage whose batch all in-sync replicas acknowledged is read by every
// gateway that is connected; batches that are forged, replayed, dated ahead, or of a gateway that the authority
// does not vouch for are counted and never applied; and a fault of Kafka, whichever, only lowers the reach. It
// does not promise that a passage still queued survives the end of the process.
package exchange

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/revocation/stream"
	"github.com/railgate/railgate/tokens"
)

// DefaultTopic is the topic's usual name.
const DefaultTopic = "railgate.passages"

const (
	// DefaultQueue is how many passages wait if Kafka does not answer: two minutes of a busy gateway, in about
	// 8 MB.
	DefaultQueue = 1 << 16
	// MinRetention is how long the topic must keep messages: a passage can matter for [passage.MaxWindow], and
	// an hour is for clocks and for messages that waited.
	MinRetention = (passage.MaxWindow + 3600_000) * time.Millisecond
	// silentAfter is how long Kafka may be silent, or a passage unacknowledged, before the reach is local. A
	// fetch of an idle topic takes [stream.MaxWait].
	silentAfter = 2 * time.Second
	// batchEvery is the least time between the starts of two batches of a partition. Every reader pays for a
	// batch with one signature check, which is most of what a passage costs; passages that arrive meanwhile
	// share the next batch. A single passage does not wait.
	batchEvery = 8 * time.Millisecond
	// produceTimeout bounds the wait for all in-sync replicas.
	produceTimeout = 2 * time.Second
	// flushFor is how long passages are sent after the end was requested.
	flushFor = 2 * time.Second
	// announcedEvery is how often it is checked that the authority vouches for this gateway's key.
	announcedEvery = 200 * time.Millisecond

	// The pause between failed calls grows from minBackoff to maxBackoff, jittered.
	minBackoff = 50 * time.Millisecond
	maxBackoff = 400 * time.Millisecond
)

// Config configures an Exchange; all fields without a default must be set.
type Config struct {
	Gateway revocation.GatewayID // this gateway
	Key     ed25519.PrivateKey   // signs its batches; the authority announced its public part
	// Gateways knows the keys of all gateways, and Ready reports that it has read the control topic. Passages
	// are not read before.
	Gateways passage.Keys
	Ready    func() bool
	// Kafka says how to connect; its Topic is the topic of passages.
	Kafka      kafka.Config
	Partitions int // that the topic must have
	// Window is the longest window of this gateway's policies: how far back a starting gateway reads.
	Window time.Duration
	// Queue is how many passages wait at most, rounded up to a power of two for each partition. When it is
	// full, new passages are not accepted. 0: DefaultQueue.
	Queue int
	// Table and Conflicts learn every passage; their methods are called from several goroutines.
	Table     Table
	Conflicts Conflicts
	Now       func() time.Time
	Log       *zap.Logger
}

// Exchange is a writer and a reader of one topic.
type Exchange struct {
	Writer   *Writer
	Reader   *Reader
	Follower *stream.Follower // feeds the Reader; for metrics

	ready func() bool
}

// New prepares an exchange; [Exchange.Run] starts it. An error is a fault of c.
func New(c Config) (*Exchange, error) {
	switch {
	case c.Partitions < 1 || c.Partitions > passage.MaxPartitions:
		return nil, fmt.Errorf("exchange: %d partitions, want 1 to %d", c.Partitions, passage.MaxPartitions)
	case len(c.Key) != ed25519.PrivateKeySize:
		return nil, errors.New("exchange: the gateway's key is not an Ed25519 key")
	case c.Window < passage.CodeLife*time.Millisecond || c.Window > passage.MaxWindow*time.Millisecond:
		return nil, fmt.Errorf("exchange: a window of %v, want %v to %v", c.Window, passage.CodeLife*time.Millisecond, passage.MaxWindow*time.Millisecond)
	}
	if c.Queue == 0 {
		c.Queue = DefaultQueue
	}
	session := c.Now().UnixMilli()
	e := &Exchange{ready: c.Ready, Writer: newWriter(c, func() (Link, error) { return kafka.Open(c.Kafka) }, session),
		Reader: NewReader(ReaderConfig{Gateways: c.Gateways, Partitions: c.Partitions, Window: c.Window, Table: c.Table,
			Conflicts: c.Conflicts, Now: c.Now, Own: c.Gateway, Session: session})}
	e.Follower = stream.NewWindow(func() (stream.Link, error) { return kafka.Open(c.Kafka) }, c.Kafka.Topic, e.Reader, c.Now, c.Log)
	return e, nil
}

// Run writes and reads until ctx ends, and then sends what waits for at most 2 s. No fault ends it.
func (e *Exchange) Run(ctx context.Context) {
	var parts errgroup.Group
	parts.Go(func() error { e.Writer.run(ctx); return nil })
	parts.Go(func() error {
		for !e.ready() { // the keys of gateways are not known yet
			if !kafka.Wait(ctx, announcedEvery) {
				return nil
			}
		}
		e.Follower.Run(ctx)
		return nil
	})
	parts.Wait()
}

// Record takes a passage that this gateway admitted, see [Writer.Record].
func (e *Exchange) Record(p *passage.Passage) bool { return e.Writer.Record(p) }

// Reach says how much a verdict at the time now, Unix ms, knows. It only reads atomics.
//
//   - Unknown: the last window was not read yet, or the log was replaced and is being read again.
//   - Local: not every partition was read to its end within the last 2 s; a passage of this gateway has waited
//     for an acknowledgement for 2 s; one was not accepted, or was given up, within the last window; or the
//     authority does not vouch for this gateway's key.
//   - Exact: otherwise.
func (e *Exchange) Reach(now int64) passage.Reach {
	switch reach := e.Reader.reach(now); {
	case reach == passage.Exact && e.Writer.behind(now):
		return passage.Local
	default:
		return reach
	}
}

// Partition returns the partition of a passage. All passages of one serial share one.
func Partition(serial tokens.Serial, partitions int) int {
	return int(serial.Index % uint32(partitions))
}
