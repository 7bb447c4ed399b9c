package publish

import (
	"context"
	"fmt"

	"go.uber.org/zap"
)

// resume returns the epoch to publish in. Stream and outbox must match: the stream ends exactly where the
// outbox stopped, apart from waiting records.
//
// If the stream is ahead, the database was restored from a backup. Its next numbers are already known to
// gateways, which would ignore the records. If the stream is behind, or has lost its beginning, the topic was
// emptied, recreated or has too short a retention, and gateways that start now would miss its records. In
// both cases the database republishes everything in a new epoch.
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
		p.mu.Lock()
		p.logs[partition] = stream.extent
		p.mu.Unlock()
		low, next, err := p.Outbox.Place(ctx, partition)
		if err != nil {
			return 0, err
		}
		newest = max(newest, stream.epoch)
		switch {
		case stream.epoch > epoch, stream.epoch == epoch && stream.next > next:
			why = "the stream is ahead of the database, as after restoring a backup"
		case low == 1:
			// Number 1 is still to be published, again or for the first time: the log will be whole from
			// there, whatever it has lost.
		case stream.lostBeginning, stream.epoch < epoch, stream.next < low:
			why = "the stream has lost published records, as after recreating the topic or with too short a retention"
		}
	}
	if why == "" {
		return epoch, nil
	}
	renewed, err := p.Outbox.Republish(ctx, newest, p.Now().UnixMilli())
	if err != nil {
		return 0, err
	}
	p.Log.Warn("everything active is published again in a new epoch", zap.String("why", why),
		zap.Uint64("epoch", renewed), zap.Uint64("was", epoch))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Republications++
	return renewed, nil
}
