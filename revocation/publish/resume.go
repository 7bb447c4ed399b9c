package publish

import (
	"context"
	"fmt"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/railgate/railgate/internal/kafkalink"
	"github.com/railgate/railgate/revocation"
)

// tailWindow is how many messages before the log's end are read first to find
// the newest batch; it doubles until one is found.
const tailWindow = 16

// fetchBytes is the size of a fetch: the newest batches fit many times over.
const fetchBytes = 1 << 20

// place is where numbering stands: the next record's number within an epoch.
type place struct{ epoch, next uint64 }

// resume returns the epoch to publish in. The stream and the outbox must fit:
// the stream goes on exactly where the outbox stopped, give or take what waits.
// If the stream is ahead, the database was restored from a backup, and the
// numbers it would give are known to gateways already: they would ignore its
// records. If the stream is behind, the topic was emptied or made again, and
// gateways that start now would never learn what it held. Either way the
// database says everything again in a new epoch.
func (p *Publisher) resume(ctx context.Context) (uint64, error) {
	epoch, err := p.Outbox.Epoch(ctx)
	if err != nil {
		return 0, err
	}
	newest, why := epoch, ""
	for partition := range p.Topic.Partitions {
		stream, err := p.newest(ctx, partition)
		if err != nil {
			return 0, fmt.Errorf("publish: reading the end of partition %d: %w", partition, err)
		}
		low, next, err := p.Outbox.Place(ctx, partition)
		if err != nil {
			return 0, err
		}
		newest = max(newest, stream.epoch)
		switch {
		case stream.epoch > epoch, stream.epoch == epoch && stream.next > next:
			why = "the stream is ahead of the database, as after restoring a backup"
		case stream.epoch < epoch && low > 1, stream.epoch == epoch && stream.next < low:
			why = "the stream has lost what was published, as after making the topic again"
		}
	}
	if why == "" {
		return epoch, nil
	}
	restated, err := p.Outbox.Restate(ctx, newest, p.Now().UnixMilli())
	if err != nil {
		return 0, err
	}
	p.Log.Warn("everything in force is published again in a new epoch", zap.String("why", why),
		zap.Uint64("epoch", restated), zap.Uint64("was", epoch))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Restatements++
	return restated, nil
}

// newest finds the place of the last batch of ours in a partition; the zero
// place if it holds none.
func (p *Publisher) newest(ctx context.Context, partition int) (place, error) {
	r, err := p.Broker.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{
		p.Topic.Name: {kafka.FirstOffsetOf(partition), kafka.LastOffsetOf(partition)},
	}})
	if err != nil {
		return place{}, err
	}
	offsets := r.Topics[p.Topic.Name]
	if len(offsets) != 1 || offsets[0].Error != nil {
		return place{}, fmt.Errorf("no offsets: %v", offsets)
	}
	first, end := offsets[0].FirstOffset, offsets[0].LastOffset
	for window := int64(tailWindow); ; window *= 2 {
		from := max(first, end-window)
		found, err := p.scan(ctx, partition, from, end)
		if err != nil || found != (place{}) || from == first {
			return found, err
		}
	}
}

// scan reads the messages from one offset to another.
func (p *Publisher) scan(ctx context.Context, partition int, from, end int64) (found place, err error) {
	pinned := revocation.NewAuthority(p.Authority.Public())
	for from < end {
		r, err := p.Broker.Fetch(ctx, &kafka.FetchRequest{Topic: p.Topic.Name, Partition: partition,
			Offset: from, MinBytes: 1, MaxBytes: fetchBytes, MaxWait: pollEvery})
		if err != nil {
			return found, err
		}
		if r.Error != nil {
			return found, r.Error
		}
		next, _, err := kafkalink.Walk(r.Records, from, revocation.MaxBatch, func(_ int64, value []byte) {
			b, err := revocation.Open(value, pinned)
			if err != nil {
				return // not ours: gateways ignore it, too
			}
			at := place{b.Epoch, b.First + uint64(b.Len())}
			if at.epoch > found.epoch || at.epoch == found.epoch && at.next > found.next {
				found = at
			}
		})
		if err != nil {
			return found, err
		}
		from = max(next, from+1) // what compaction emptied is stepped through
	}
	return found, nil
}
