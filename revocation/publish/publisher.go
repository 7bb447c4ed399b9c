package publish

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/railgate/railgate/revocation"
)

const (
	// DefaultHeartbeat is how often a partition without news says that there is none.
	DefaultHeartbeat = time.Second
	// pollEvery finds records that another process committed; those of this
	// process announce themselves through Wake.
	pollEvery = 200 * time.Millisecond
	// callTimeout bounds a produce call and an outbox call.
	callTimeout = 5 * time.Second
	minBackoff  = 50 * time.Millisecond
	maxBackoff  = 2 * time.Second
)

// Broker is the part of kafka.Client that the publisher calls.
type Broker interface {
	Produce(context.Context, *kafka.ProduceRequest) (*kafka.ProduceResponse, error)
	CreateTopics(context.Context, *kafka.CreateTopicsRequest) (*kafka.CreateTopicsResponse, error)
	Metadata(context.Context, *kafka.MetadataRequest) (*kafka.MetadataResponse, error)
	ListOffsets(context.Context, *kafka.ListOffsetsRequest) (*kafka.ListOffsetsResponse, error)
	Fetch(context.Context, *kafka.FetchRequest) (*kafka.FetchResponse, error)
}

// Config is what a Publisher works with; every field but Heartbeat must be set.
type Config struct {
	Broker    Broker
	Topic     Topic
	Outbox    Outbox
	Authority Signer
	Heartbeat time.Duration    // 0: DefaultHeartbeat
	Now       func() time.Time // the clock that batches are dated by
	Log       *zap.Logger
}

// Publisher empties an Outbox into the control topic.
type Publisher struct {
	Config
	authority [4]byte
	wake      []chan struct{} // one per partition, capacity 1: a pending wake-up is enough

	mu    sync.Mutex
	stats Stats
}

// Stats is what the publisher did, for metrics.
type Stats struct {
	Batches, Records, Heartbeats, Failures uint64
	// LastMS is when each partition last took a message, Unix ms.
	LastMS []int64
}

// New prepares a publisher; Run starts it.
func New(c Config) *Publisher {
	if c.Heartbeat == 0 {
		c.Heartbeat = DefaultHeartbeat
	}
	p := &Publisher{Config: c, authority: revocation.NewAuthority(c.Authority.Public()).ID()}
	for range c.Topic.Partitions {
		p.wake = append(p.wake, make(chan struct{}, 1))
	}
	p.stats.LastMS = make([]int64, c.Topic.Partitions)
	return p
}

// Wake tells the publisher that records were committed. It never blocks.
func (p *Publisher) Wake() {
	for _, w := range p.wake {
		select {
		case w <- struct{}{}:
		default:
		}
	}
}

// Stats returns a copy.
func (p *Publisher) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.LastMS = append([]int64(nil), s.LastMS...)
	return s
}

// Run publishes until ctx ends. It fails only if the topic can never be right.
func (p *Publisher) Run(ctx context.Context) error {
	var epoch uint64
	err := p.retry(ctx, "prepare the control topic", func(ctx context.Context) (err error) {
		if err = p.Topic.ensure(ctx, p.Broker); err == nil {
			epoch, err = p.resume(ctx)
		}
		return err
	})
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	for partition := range p.wake {
		wg.Go(func() { p.serve(ctx, partition, epoch) })
	}
	wg.Wait()
	return nil
}

// serve empties one partition's share of the outbox, one message in flight, so
// that order in the log is order in the outbox.
func (p *Publisher) serve(ctx context.Context, partition int, epoch uint64) {
	tick := time.NewTicker(min(pollEvery, p.Heartbeat))
	defer tick.Stop()
	var last time.Time // of the last message, on the local clock: it paces heartbeats
	for ctx.Err() == nil {
		var more bool
		p.retry(ctx, "publish", func(ctx context.Context) error {
			sent, drained, err := p.round(ctx, partition, epoch, time.Since(last) >= p.Heartbeat)
			if err != nil {
				return err
			}
			if sent {
				last = time.Now()
			}
			more = !drained
			return nil
		})
		if more {
			continue
		}
		select {
		case <-ctx.Done():
		case <-p.wake[partition]:
		case <-tick.C:
		}
	}
}

// round moves at most one batch from the outbox to the log, or sends a
// heartbeat if one is due.
func (p *Publisher) round(ctx context.Context, partition int, epoch uint64, beat bool) (sent, drained bool, err error) {
	// What was committed before this moment is seen by Take. If Take drains
	// the outbox, the batch therefore completes the partition up to it.
	asked := p.Now().UnixMilli()
	pending, err := p.Outbox.Take(ctx, partition, revocation.MaxRecords)
	if err != nil {
		return false, false, err
	}
	n := len(pending.Records)
	if n == 0 && !beat {
		return false, pending.Drained, nil
	}
	b := revocation.Batch{Epoch: epoch, Partition: uint16(partition), First: pending.First, IssuedAt: p.Now().UnixMilli()}
	if pending.Drained {
		b.Through = min(asked, b.IssuedAt)
	}
	if err := p.send(ctx, &b, pending.Records); err != nil {
		return false, false, err
	}
	if n > 0 {
		if err := p.Outbox.Published(ctx, partition, pending.First+uint64(n)-1); err != nil {
			return false, false, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.LastMS[partition] = b.IssuedAt
	p.stats.Records += uint64(n)
	if n > 0 {
		p.stats.Batches++
	} else {
		p.stats.Heartbeats++
	}
	return true, pending.Drained, nil
}

// send signs one batch and waits until all in-sync replicas have it.
func (p *Publisher) send(ctx context.Context, b *revocation.Batch, records []revocation.Record) error {
	message, err := b.Encode(p.authority, records)
	if err != nil {
		return err
	}
	signature, err := p.Authority.Sign(message)
	if err != nil {
		return fmt.Errorf("publish: signing a batch: %w", err)
	}
	r, err := p.Broker.Produce(ctx, &kafka.ProduceRequest{
		Topic: p.Topic.Name, Partition: int(b.Partition), RequiredAcks: kafka.RequireAll,
		Records: kafka.NewRecordReader(kafka.Record{
			Key:   kafka.NewBytes(key(b, len(records))),
			Value: kafka.NewBytes(append(message, signature[:]...)),
			Time:  time.UnixMilli(b.IssuedAt),
		}),
	})
	if err != nil {
		return err
	}
	return r.Error
}

// key keeps a topic safe under compaction: no two batches of records share a
// key, so none replaces another; heartbeats of a partition share one.
func key(b *revocation.Batch, records int) []byte {
	if records == 0 {
		return []byte("heartbeat")
	}
	k := binary.BigEndian.AppendUint64([]byte("batch:"), b.Epoch)
	return binary.BigEndian.AppendUint64(k, b.First)
}
