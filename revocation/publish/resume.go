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
		stream, err := p.survey(ctx, partition)
		if err != nil {
			return 0, fmt.Errorf("publish: reading the ends of partition %d: %w", partition, err)
		}
		low, next, err := p.Outbox.Place(ctx, partition)
		if err != nil {
			return 0, err
		}
		newest = max(newest, stream.epoch)
		switch {
		case stream.epoch > epoch, stream.epoch == epoch && stream.next > next:
			why = "the stream is ahead of the database, as after restoring a backup"
		case stream.headless, stream.epoch < epoch && low > 1, stream.epoch == epoch && stream.next < low:
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

// place is where a partition's log stands.
type place struct {
	epoch, next uint64 // after the newest batch; 0: the log holds none of ours
	// headless says that the log begins at its very first offset and yet in the
	// middle of the numbers: it is not the log they were begun in.
	headless bool
}

// survey reads the two ends of a partition's log.
func (p *Publisher) survey(ctx context.Context, partition int) (at place, err error) {
	r, err := p.Broker.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{
		p.Topic.Name: {kafka.FirstOffsetOf(partition), kafka.LastOffsetOf(partition)},
	}})
	if err != nil {
		return at, err
	}
	offsets := r.Topics[p.Topic.Name]
	if len(offsets) != 1 || offsets[0].Error != nil {
		return at, fmt.Errorf("no offsets: %v", offsets)
	}
	first, end := offsets[0].FirstOffset, offsets[0].LastOffset
	for window := int64(tailWindow); at.epoch == 0; window *= 2 {
		from := max(first, end-window)
		err := p.scan(ctx, partition, from, end, func(b *revocation.Batch) bool {
			if next := b.First + uint64(b.Len()); b.Epoch > at.epoch || b.Epoch == at.epoch && next > at.next {
				at.epoch, at.next = b.Epoch, next
			}
			return true
		})
		if err != nil {
			return at, err
		}
		if from == first {
			break
		}
	}
	if first == 0 && at.epoch != 0 {
		err = p.scan(ctx, partition, first, end, func(b *revocation.Batch) bool {
			at.headless = b.First != 1
			return false // the oldest of ours is enough
		})
	}
	return at, err
}

// scan gives the batches of ours between two offsets to visit, until it returns false.
func (p *Publisher) scan(ctx context.Context, partition int, from, end int64, visit func(*revocation.Batch) bool) error {
	pinned := revocation.NewAuthority(p.Authority.Public())
	more := true
	for more && from < end {
		r, err := p.Broker.Fetch(ctx, &kafka.FetchRequest{Topic: p.Topic.Name, Partition: partition,
			Offset: from, MinBytes: 1, MaxBytes: fetchBytes, MaxWait: pollEvery})
		if err != nil {
			return err
		}
		if r.Error != nil {
			return r.Error
		}
		next, _, err := kafkalink.Walk(r.Records, from, revocation.MaxBatch, func(_ int64, value []byte) {
			// What is not ours gateways ignore, too.
			if b, err := revocation.Open(value, pinned); more && err == nil {
				more = visit(b)
			}
		})
		if err != nil {
			return err
		}
		from = max(next, from+1) // what compaction emptied is stepped through
	}
	return nil
}
