package publish

import (
	"context"
	"fmt"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
)

// tailWindow is how many messages at the end of the log are read first to find the newest batch; it doubles
// until one is found.
const tailWindow = 16

// fetchBytes is the size of a fetch, several times the size of the newest batches.
const fetchBytes = 1 << 20

// logEnds describes the two ends of a partition's log.
type logEnds struct {
	extent
	epoch, next   uint64 // after the newest batch; 0: the log contains no batch of this stream
	lostBeginning bool   // the beginning of the log is missing, see beginning
}

// survey reads the two ends of a partition's log.
func (p *Publisher) survey(ctx context.Context, partition int) (at logEnds, err error) {
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
	at.head, at.lostBeginning, err = p.beginning(ctx, partition, first, end)
	return at, err
}

// ends returns the offset of a partition's first message and the offset after its last.
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

// beginning checks the beginning of a partition's log. A gateway that starts reads from there and must find
// everything active.
//
// The beginning is complete if the log contains a batch of number 1 that no batch of a greater epoch
// precedes: its epoch contains everything from there. The log may then begin in the middle of an older epoch,
// which keeps one republication from causing the next. Number 1 of an epoch that had already ended proves
// nothing: a publisher that was suspended during a republication may have written it.
//
// The beginning is also complete if the oldest batch is older than [Config.RecordLife]: earlier records have
// no effect, and keys are announced again every day. That is the usual state of a topic older than its
// retention. It does not apply if that batch is at the log's very first offset: retention has not removed
// anything before it, so this is not the log in which the numbers began, and gateways suspect it.
//
// head is the offset of that number 1, -1 if there is none or the search was not needed.
func (p *Publisher) beginning(ctx context.Context, partition int, first, end int64) (head int64, lostBeginning bool, err error) {
	head = -1
	old := p.Now().Add(-p.RecordLife).UnixMilli()
	var newest uint64 // epoch
	err = p.scan(ctx, partition, first, end, func(offset int64, b *revocation.Batch) bool {
		switch {
		case b.First == 1 && b.Epoch > newest:
			head, lostBeginning = offset, false
			return false
		case newest == 0 && first > 0 && b.IssuedAt <= old:
			return false
		}
		lostBeginning = true
		newest = max(newest, b.Epoch)
		return true
	})
	return head, lostBeginning, err
}

// scan passes the verified batches between two offsets to visit, until it returns false.
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
			// Gateways ignore messages that do not verify, too.
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
			from++ // skip the offsets that compaction emptied
		default:
			return fmt.Errorf("no readable message at offset %d of partition %d, although the log continues", from, partition)
		}
	}
	return nil
}
