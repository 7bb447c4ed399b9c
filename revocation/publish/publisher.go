package publish

import (
	"context"
	"encoding/binary"
	"errors"
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
	// resumeTimeout bounds one attempt to compare stream and outbox; restating a
	// million revocations takes most of it.
	resumeTimeout = 5 * time.Minute
	minBackoff    = 50 * time.Millisecond
	maxBackoff    = 2 * time.Second
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
	// Restatements counts the times everything was published again.
	Restatements uint64
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
// When the log turns out to have lost what was published, it begins again.
func (p *Publisher) Run(ctx context.Context) error {
	for {
		var epoch uint64
		err := p.retry(ctx, resumeTimeout, "prepare the control topic", func(ctx context.Context) (err error) {
			if err = p.Topic.ensure(ctx, p.Broker); err == nil {
				epoch, err = p.resume(ctx)
			}
			return err
		})
		if err != nil {
			return err
		}
		serving, stop := context.WithCancel(ctx)
		var wg sync.WaitGroup
		for partition := range p.wake {
			wg.Go(func() {
				defer stop() // one partition's loss is everyone's: restating moves them all
				p.serve(serving, partition, epoch)
			})
		}
		wg.Wait()
		stop()
		if ctx.Err() != nil {
			return nil
		}
	}
}

// serve empties one partition's share of the outbox, one message in flight, so
// that order in the log is order in the outbox. It returns when ctx ends or the
// log is seen to have been cut or made again.
func (p *Publisher) serve(ctx context.Context, partition int, epoch uint64) {
	end := int64(-1) // offset of our last message
	tick := time.NewTicker(min(pollEvery, p.Heartbeat))
	defer tick.Stop()
	var last time.Time // of the last message, on the local clock: it paces heartbeats
	for ctx.Err() == nil {
		var more bool
		err := p.retry(ctx, callTimeout, "publish", func(ctx context.Context) error {
			offset, drained, err := p.round(ctx, partition, epoch, time.Since(last) >= p.Heartbeat)
			if err != nil {
				return err
			}
			if offset >= 0 {
				if offset <= end {
					return errLogLost
				}
				end, last = offset, time.Now()
			}
			more = !drained
			return nil
		})
		if errors.Is(err, errLogLost) {
			p.Log.Error("the log is shorter than it was: it was cut or made again", zap.Int("partition", partition))
			return
		}
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

// errLogLost says that a message landed at an offset that was used before.
var errLogLost = fmt.Errorf("publish: %w", errFinal)

// round moves at most one batch from the outbox to the log, or sends a
// heartbeat if one is due. offset is where it landed; -1: nothing was sent.
func (p *Publisher) round(ctx context.Context, partition int, epoch uint64, beat bool) (offset int64, drained bool, err error) {
	// What was committed before this moment is seen by Take. If Take drains
	// the outbox, the batch therefore completes the partition up to it.
	asked := p.Now().UnixMilli()
	pending, err := p.Outbox.Take(ctx, partition, revocation.MaxRecords)
	if err != nil {
		return -1, false, err
	}
	n := len(pending.Records)
	if n == 0 && !beat {
		return -1, pending.Drained, nil
	}
	b := revocation.Batch{Epoch: epoch, Partition: uint16(partition), First: pending.First, IssuedAt: p.Now().UnixMilli()}
	if pending.Drained {
		b.Through = min(asked, b.IssuedAt)
	}
	if offset, err = p.send(ctx, &b, pending.Records); err != nil {
		return -1, false, err
	}
	if n > 0 {
		if err := p.Outbox.Published(ctx, partition, pending.First+uint64(n)-1); err != nil {
			return -1, false, err
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
	return offset, pending.Drained, nil
}

// send signs one batch, waits until all in-sync replicas have it, and returns
// its offset.
func (p *Publisher) send(ctx context.Context, b *revocation.Batch, records []revocation.Record) (int64, error) {
	message, err := b.Encode(p.authority, records)
	if err != nil {
		return 0, err
	}
	signature, err := p.Authority.Sign(message)
	if err != nil {
		return 0, fmt.Errorf("publish: signing a batch: %w", err)
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
		return 0, err
	}
	return r.BaseOffset, r.Error
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
