package publish

import (
	"context"
	"fmt"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
)

// tailWindow is how many messages before the log's end are read first to find
// the newest batch; it doubles until one is found.
const tailWindow = 16

// fetchBytes is the size of a fetch: the newest batches fit many times over.
const fetchBytes = 1 << 20

// place is where a partition's log stands.
type place struct {
	extent
	epoch, next uint64 // after the newest batch; 0: the log holds none of ours
	headless    bool   // its beginning is missed; see beginning
}

// survey reads the two ends of a partition's log.
func (p *Publisher) survey(ctx context.Context, partition int) (at place, err error) {
	first, end, err := p.ends(ctx, partition)
	if err != nil {
		return at, err
	}
	for window := int64(tailWindow); at.epoch == 0; window *= 2 {
		from := max(first, end-window)
		err := p.scan(ctx, partition, from, end, func(_ int64, b *revocation.Batch) bool {
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
	at.end = end
	at.head, at.headless, err = p.beginning(ctx, partition, first, end)
	return at, err
}

// ends asks for the offset of a partition's first message and the one behind its last.
func (p *Publisher) ends(ctx context.Context, partition int) (first, end int64, err error) {
	r, err := p.Broker.ListOffsets(ctx, &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{
		p.Topic.Name: {kafkago.FirstOffsetOf(partition), kafkago.LastOffsetOf(partition)},
	}})
	if err != nil {
		return 0, 0, err
	}
	offsets := r.Topics[p.Topic.Name]
	if len(offsets) != 1 || offsets[0].Error != nil {
		return 0, 0, fmt.Errorf("no offsets: %v", offsets)
	}
	return offsets[0].FirstOffset, offsets[0].LastOffset, nil
}

// beginning judges the beginning of a partition's log. A gateway that starts
// reads from there and must find all that is in force.
//
// It does if the log holds a batch of number 1 that no greater epoch precedes:
// its epoch says everything from there on. That the log begins in the middle of
// an older epoch is then no matter, which keeps a restatement from causing the
// next. (Number 1 of an epoch that was over already proves nothing: a publisher
// that slept through a restatement may have written it.)
//
// It does, too, if the oldest batch is as old as no credential can be: what came
// before concerns nobody, and keys are announced again every day. That is the
// usual state of a topic older than its retention. Not so if that batch stands
// at the log's very first offset: no retention took what was before it, so this
// is not the log that the numbers were begun in, and gateways doubt it.
//
// head is where that number 1 stands, -1 if there is none or nobody had to look.
func (p *Publisher) beginning(ctx context.Context, partition int, first, end int64) (head int64, headless bool, err error) {
	head = -1
	old := p.Now().Add(-revocation.MaxSnapshotAge).UnixMilli()
	var newest uint64 // epoch
	err = p.scan(ctx, partition, first, end, func(offset int64, b *revocation.Batch) bool {
		switch {
		case b.First == 1 && b.Epoch > newest:
			head, headless = offset, false
			return false
		case newest == 0 && first > 0 && b.IssuedAt <= old:
			return false
		}
		headless = true
		newest = max(newest, b.Epoch)
		return true
	})
	return head, headless, err
}

// scan gives the batches of ours between two offsets to visit, until it returns false.
func (p *Publisher) scan(ctx context.Context, partition int, from, end int64, visit func(int64, *revocation.Batch) bool) error {
	pinned, err := p.pinned()
	if err != nil {
		return err
	}
	more := true
	for more && from < end {
		r, err := p.Broker.Fetch(ctx, &kafkago.FetchRequest{Topic: p.Topic.Name, Partition: partition,
			Offset: from, MinBytes: 1, MaxBytes: fetchBytes, MaxWait: pollEvery})
		if err != nil {
			return err
		}
		if r.Error != nil {
			return r.Error
		}
		next, lowest, err := kafka.Walk(r.Records, from, revocation.MaxBatch, func(offset int64, value []byte) {
			// What is not ours gateways ignore, too.
			if b, err := revocation.OpenBatch(value, pinned); more && err == nil {
				more = visit(offset, b)
			}
		})
		if err != nil {
			return err
		}
		switch {
		case next > from:
			from = next
		case lowest >= 0 && lowest <= from:
			from++ // what compaction emptied is stepped through
		default:
			return fmt.Errorf("nothing readable at offset %d of partition %d, where the log goes on", from, partition)
		}
	}
	return nil
}
