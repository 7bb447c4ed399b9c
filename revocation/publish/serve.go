package publish

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
)

// serve publishes one partition's records, one message in flight, so that the order in the log is the order
// in the outbox. It returns when ctx ends, when the epoch has ended or another publisher has the lease, or
// when the log was found to be truncated, recreated or gone.
func (p *Publisher) serve(ctx context.Context, partition int, epoch uint64) {
	tick := time.NewTicker(min(pollEvery, p.Heartbeat))
	defer tick.Stop()
	var last time.Time // of the last message, on the local clock: it paces heartbeats
	var done uint64    // number of the last record that is in the log and not marked; 0: none
	defer func() { p.markLast(ctx, partition, epoch, done) }()
	part := fmt.Sprintf("partition %d", partition)
	var missing absence
	for ctx.Err() == nil {
		var more, carried bool
		began := time.Now()
		err := p.retry(ctx, callTimeout, part, func(ctx context.Context) error {
			sent, drained, err := p.round(ctx, partition, epoch, &done, time.Since(last) >= p.Heartbeat)
			if sent {
				last = time.Now()
			}
			more, carried = !drained, done > 0 // sent records are marked by the next round, at the latest after a tick
			return missing.check(err, time.Now())
		})
		switch {
		case errors.Is(err, errTopicLost):
			p.Log.Error("the topic is gone: creating it and publishing everything active again", zap.String("topic", p.Topic.Name), zap.Error(err))
			return
		case errors.Is(err, errLogLost):
			p.Log.Error("the log is shorter than before: it was truncated or recreated", zap.Int("partition", partition))
			return
		case errors.Is(err, ErrEpoch):
			p.Log.Warn("another publisher began a new epoch; starting over", zap.Int("partition", partition), zap.Uint64("was", epoch))
			return
		case errors.Is(err, ErrLease):
			p.Log.Warn("another publisher has the lease; standing by", zap.Int("partition", partition))
			return
		case more:
			continue
		case carried && !kafka.Wait(ctx, batchEvery-time.Since(began)):
			return
		}
		select {
		case <-ctx.Done():
		case <-p.wake[partition]:
		case <-tick.C:
		}
	}
}

// markLast marks the records that the last round sent, so that the next publisher need not send them again.
// If it fails they are only sent again.
func (p *Publisher) markLast(ctx context.Context, partition int, epoch, done uint64) {
	if done == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	if err := p.Outbox.MarkPublished(ctx, epoch, partition, done); err != nil && !errors.Is(err, ErrEpoch) {
		p.Log.Info("the last records sent could not be marked; they will be sent again", zap.Int("partition", partition), zap.Error(err))
	}
}

// errLogLost means that a message was written at an offset that was used before.
var errLogLost = fmt.Errorf("publish: the log was truncated: %w", errFinal)

// round moves at most one batch from the outbox to the log, or sends a heartbeat if one is due. sent reports
// that a message was written.
func (p *Publisher) round(ctx context.Context, partition int, epoch uint64, done *uint64, heartbeatDue bool) (sent, drained bool, err error) {
	// TakeRecords returns the records committed before this moment. If it drains the outbox, the batch
	// therefore completes the partition up to this moment, exclusive: the moment is rounded down, and a
	// record committed later in its millisecond may be missing. The batch is dated with the same moment. A
	// batch that is written after another publisher took over is then older than the other's batches, and
	// readers handle it as a repetition.
	asked := p.now()
	began := time.Now()
	pending, err := p.Outbox.TakeRecords(ctx, epoch, partition, *done, p.Domain.MaxRecords())
	if err != nil {
		return false, false, err
	}
	*done = 0
	n := len(pending.Records)
	if n == 0 && !heartbeatDue {
		return false, pending.Drained, nil
	}
	b := revocation.Batch{Domain: p.Domain, Epoch: epoch, Partition: uint16(partition), First: pending.First, IssuedAt: asked}
	if pending.Drained {
		b.Through = asked
	}
	spent := Spent{Take: time.Since(began)}
	if err := p.send(ctx, &b, pending.Records, &spent); err != nil {
		return false, false, err
	}
	if n > 0 {
		*done = pending.First + uint64(n) - 1
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.LastMS[partition] = b.IssuedAt
	p.stats.Records += uint64(n)
	p.stats.Spent.add(&spent, asked, pending.Records)
	if n > 0 {
		p.stats.Batches++
	} else {
		p.stats.Heartbeats++
	}
	return true, pending.Drained, nil
}

// send signs one batch and waits until all in-sync replicas have it.
func (p *Publisher) send(ctx context.Context, b *revocation.Batch, records []revocation.Record, spent *Spent) error {
	began := time.Now()
	message, err := b.Encode(p.authority, records)
	if err != nil {
		return err
	}
	signature, err := p.Authority.Sign(message)
	if err != nil {
		return fmt.Errorf("publish: signing a batch: %w", err)
	}
	signed := time.Now()
	spent.Sign = signed.Sub(began)
	ctx, cancel := context.WithTimeout(ctx, produceTimeout)
	defer cancel()
	r, err := p.Broker.Produce(ctx, &kafkago.ProduceRequest{
		Topic: p.Topic.Name, Partition: int(b.Partition), RequiredAcks: kafkago.RequireAll,
		Records: kafkago.NewRecordReader(kafkago.Record{
			Key:   kafkago.NewBytes(messageKey(b, len(records))),
			Value: kafkago.NewBytes(append(message, signature[:]...)),
			Time:  time.UnixMilli(b.IssuedAt),
		}),
	})
	if err != nil {
		return err
	}
	if r.Error != nil {
		return r.Error
	}
	spent.Produce = time.Since(signed)
	return p.storeOffset(int(b.Partition), b.First, r.BaseOffset)
}

// storeOffset stores the offset of a batch. An offset that was used before means that the log was truncated,
// or is another one of the same name.
func (p *Publisher) storeOffset(partition int, number uint64, offset int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	log := &p.logs[partition]
	if offset < log.end {
		return errLogLost
	}
	log.end = offset + 1
	if number == 1 {
		log.head = offset
	}
	return nil
}

// messageKey keeps a topic safe under compaction: every batch of records has a key of its own, so none
// replaces another; heartbeats of a partition share one.
func messageKey(b *revocation.Batch, records int) []byte {
	if records == 0 {
		return []byte("heartbeat")
	}
	k := binary.BigEndian.AppendUint64([]byte("batch:"), b.Epoch)
	return binary.BigEndian.AppendUint64(k, b.First)
}
